"""The files in which upstream keeps what comes out of a training, and the rows of results.csv, one for each epoch."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

RESULTS = "results.csv"
SETTINGS = ("args.yaml", "opt.yaml")  # ultralytics, yolov5
WEIGHTS = "weights"  # the folder of the checkpoints
_EPOCH = "epoch"
_TRAINING = "train/"
_MAP50 = ("metrics/mAP50(B)", "metrics/mAP_0.5")  # ultralytics, yolov5
# by their names in yolopatch's results; of boxes, for every task that has them
_METRICS = {
    "precision": ("metrics/precision(B)", "metrics/precision"),
    "recall": ("metrics/recall(B)", "metrics/recall"),
    "mAP50": _MAP50,
    "mAP50-95": ("metrics/mAP50-95(B)", "metrics/mAP_0.5:0.95"),
}


def read_results(text: str) -> list[dict[str, float]]:
    """Return the rows in the order of their epochs; for an epoch that was trained twice, the later row.

    A run that was killed between an epoch's row and its checkpoint trains that epoch again. An incomplete last line
    is ignored.
    """
    whole = text[: text.rfind("\n") + 1]
    rows: dict[float, dict[str, float]] = {}
    for line in csv.DictReader(whole.splitlines(), skipinitialspace=True):
        row = {key.strip(): _number(value) for key, value in line.items() if key and value is not None}
        rows[row[_EPOCH]] = row
    return [rows[epoch] for epoch in sorted(rows)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def map50(row: Mapping[str, float]) -> float | None:
    """Return the mAP50 on the validation images, or None."""
    return next((row[name] for name in _MAP50 if name in row), None)


def box_metrics(row: Mapping[str, float]) -> dict[str, float] | None:
    """Return precision, recall, mAP50 and mAP50-95 of the boxes on the validation images; None without them."""
    found = {name: row[key] for name, keys in _METRICS.items() for key in keys if key in row}
    return found if len(found) == len(_METRICS) else None


def losses(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the training losses by name, each with its value in every row."""
    names = [key for key in (rows[0] if rows else ()) if key.startswith(_TRAINING)]
    return {name.removeprefix(_TRAINING): [row[name] for row in rows] for name in names}
