"""The scores of a run, from the results that upstream writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.core.ablate.results import Scores
from yolopatch.core.training.fitness import METRICS, best_epoch
from yolopatch.core.training.results import box_metrics


def read_scores(
    columns: Mapping[str, Sequence[float]], weights: Sequence[float]
) -> tuple[Scores | None, Scores | None]:
    """Return the scores of best.pt and of last.pt; None without an epoch that was validated.

    Args:
        columns: upstream's results, each with its value after every epoch.
        weights: those of upstream's fitness.
    """
    measured = box_metrics(columns)
    if not measured or not measured[METRICS[0]]:
        return None, None
    return _scores(measured, best_epoch(measured, weights)), _scores(measured, -1)


def _scores(measured: Mapping[str, Sequence[float]], index: int) -> Scores:
    epochs = len(measured[METRICS[0]])
    precision, recall, map50, map50_95 = (measured[name][index] for name in METRICS)
    return Scores(precision, recall, map50, map50_95, index % epochs + 1, epochs)
