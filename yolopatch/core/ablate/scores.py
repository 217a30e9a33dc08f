"""The scores of a run, from the rows that upstream writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.core.ablate.results import Scores
from yolopatch.core.training.fitness import METRICS, best_epoch
from yolopatch.core.training.results import box_metrics


def read_scores(rows: Sequence[Mapping[str, float]], weights: Sequence[float]) -> tuple[Scores | None, Scores | None]:
    """Return the scores of best.pt and of last.pt; None without an epoch that was validated.

    Args:
        rows: upstream's results, epoch by epoch.
        weights: those of upstream's fitness.
    """
    measured = [(epoch, found) for epoch, row in enumerate(rows, 1) if (found := box_metrics(row))]
    if not measured:
        return None, None
    best = measured[best_epoch([found for _, found in measured], weights)]
    return _scores(*best, len(rows)), _scores(*measured[-1], len(rows))


def _scores(epoch: int, found: Mapping[str, float], epochs: int) -> Scores:
    precision, recall, map50, map50_95 = (found[name] for name in METRICS)
    return Scores(precision, recall, map50, map50_95, epoch, epochs)
