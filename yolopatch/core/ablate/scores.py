"""The scores of a run, from the results that upstream writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from yolopatch.core.ablate.results import Scores
from yolopatch.core.training.fitness import METRICS, best_epoch
from yolopatch.core.training.results import box_metrics

Pair = tuple[Scores | None, Scores | None]
"""The scores of best.pt and of last.pt; None without an epoch that was validated."""


def read_scores(columns: Mapping[str, Sequence[float]], weights: Sequence[float]) -> Pair:
    """Return the scores of a run.

    Args:
        columns: upstream's results, each with its value after every epoch.
        weights: those of upstream's fitness.
    """
    measured = box_metrics(columns)
    if not measured or not measured[METRICS[0]]:
        return None, None
    return _scores(measured, best_epoch(measured, weights)), _scores(measured, -1)


def keep_scores(scores: Pair, sha256: str, stamp: Sequence[int] | None, weights: Sequence[float]) -> Mapping[str, Any]:
    """Return what the record of a run keeps of its scores, so that a table of thousands of runs parses no results.

    Args:
        scores: of the run.
        sha256: of the results that they were read from.
        stamp: of the file of these.
        weights: those of upstream's fitness.

    Returns:
        A value for `kept_scores`; empty where a metric is missing or no number, which JSON does not have.
    """
    best, last = scores
    if not (best and last and best.are_finite() and last.are_finite()):
        return {}
    return {"sha256": sha256, "stamp": stamp, "weights": list(weights), "best": asdict(best), "last": asdict(last)}


def kept_digest(kept: Mapping[str, Any], stamp: Sequence[int] | None) -> str | None:
    """Return the sha256 of the results that was kept with this stamp of their file; None where the stamp is another."""
    digest = kept.get("sha256")
    return digest if stamp and kept.get("stamp") == stamp and isinstance(digest, str) else None


def kept_scores(kept: Mapping[str, Any], sha256: str, weights: Sequence[float]) -> Pair | None:
    """Return the scores that a record has kept; None where it has none of these results.

    Args:
        kept: what `keep_scores` returned, or whatever else the record's file has in its place.
        sha256: of the results as they are now.
        weights: those of upstream's fitness, as the grid has them now.
    """
    if kept.get("sha256") != sha256 or kept.get("weights") != list(weights):
        return None
    try:
        best, last = Scores(**kept["best"]), Scores(**kept["last"])
        numbers = [*vars(best).values(), *vars(last).values()]
        return (best, last) if all(map(math.isfinite, numbers)) else None
    except (TypeError, KeyError):
        return None


def _scores(measured: Mapping[str, Sequence[float]], index: int) -> Scores:
    epochs = len(measured[METRICS[0]])
    precision, recall, map50, map50_95 = (measured[name][index] for name in METRICS)
    return Scores(precision, recall, map50, map50_95, index % epochs + 1, epochs)
