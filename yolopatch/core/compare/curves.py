"""How a training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.training.results import box_metrics

_OF = {"train/": "training", "val/": "validation"}
METRICS = ("mAP50", "mAP50-95")


@dataclass(frozen=True)
class Curves:
    """What a run's results.csv holds for each epoch, from the first; NaN where it holds no number.

    Attributes:
        losses: by upstream's name and the images that it was computed on, as `box_loss, training`.
        metrics: of boxes on the validation images, by METRICS; without any where the file has none.
    """

    losses: Mapping[str, Sequence[float]]
    metrics: Mapping[str, Sequence[float]]


def curves_of(rows: Sequence[Mapping[str, float]]) -> Curves:
    """Return the curves of the rows of a results.csv."""
    nan = float("nan")
    names = [key for key in (rows[0] if rows else ()) if key.startswith(tuple(_OF))]
    measured = [box_metrics(row) or {} for row in rows]
    return Curves(
        losses={_named(key): [row.get(key, nan) for row in rows] for key in names},
        metrics={name: [one.get(name, nan) for one in measured] for name in METRICS if any(measured)},
    )


def _named(key: str) -> str:
    part = next(one for one in _OF if key.startswith(one))
    return f"{key.removeprefix(part)}, {_OF[part]}"
