"""The files in which upstream keeps what comes out of a training, and the rows of results.csv, one for each epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from operator import lt
from typing import TypeVar

from yolopatch.core.training.fitness import METRICS

Value = TypeVar("Value")
RESULTS = "results.csv"
SETTINGS = ("args.yaml", "opt.yaml")  # ultralytics, yolov5
WEIGHTS = "weights"  # the folder of the checkpoints
_EPOCH = "epoch"
_TRAINING = "train/"
_COLUMNS = (  # METRICS of boxes, for every task that has them
    ("metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)"),  # ultralytics
    ("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"),  # yolov5
)
BOX_COLUMNS = frozenset(name for names in _COLUMNS for name in names)
_MAP50 = tuple(names[METRICS.index("mAP50")] for names in _COLUMNS)


def read_results(text: str) -> list[dict[str, float]]:
    """Return the rows, as `read_columns` has them."""
    columns = read_columns(text)
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def read_columns(text: str, only: Collection[str] | None = None) -> dict[str, list[float]]:
    """Return the columns by name, in the order of the epochs; for an epoch that was trained twice, the later row.

    A run that was killed between an epoch's row and its checkpoint trains that epoch again. An incomplete last line
    is ignored; what is no number, or is not there, is NaN. Upstream puts commas between the values, and no quotes.

    Args:
        text: the file's content.
        only: the columns to read beside the epoch, for who reads thousands of files; None for all.

    Raises:
        KeyError: there are rows, and no column with the epoch.
    """
    head, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    names = {name.strip(): number for number, name in enumerate(head.split(","))}
    numbers = {name: number for name, number in names.items() if name and (only is None or name in (*only, _EPOCH))}
    needed = max(numbers.values(), default=0) + 1  # cells from the left
    rows = [line.split(",", needed) for line in lines if line.strip()]
    columns = dict(enumerate(zip_longest(*rows, fillvalue="")))
    found = {name: _numbers(columns.get(number, [""] * len(rows))) for name, number in numbers.items()}
    return _in_order(found) if rows else found


def _in_order(columns: Mapping[str, list[float]]) -> dict[str, list[float]]:
    epochs = columns[_EPOCH]
    if all(map(lt, epochs, epochs[1:])):  # as in nearly all files
        return dict(columns)
    latest = {epoch: row for row, epoch in enumerate(epochs)}
    order = [latest[epoch] for epoch in sorted(latest)]
    return {name: [values[row] for row in order] for name, values in columns.items()}


def _numbers(texts: Sequence[str]) -> list[float]:
    try:
        return list(map(float, texts))
    except ValueError:
        return list(map(_number, texts))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def map50(row: Mapping[str, float]) -> float | None:
    """Return the mAP50 on the validation images, or None."""
    return next((row[name] for name in _MAP50 if name in row), None)


def box_metrics(found: Mapping[str, Value]) -> dict[str, Value] | None:
    """Return METRICS of the boxes on the validation images, of a row or of columns; None without them."""
    names = next((names for names in _COLUMNS if all(name in found for name in names)), None)
    return {metric: found[name] for metric, name in zip(METRICS, names)} if names else None


def losses(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the training losses by name, each with its value in every row."""
    names = [key for key in (rows[0] if rows else ()) if key.startswith(_TRAINING)]
    return {name.removeprefix(_TRAINING): [row[name] for row in rows] for name in names}
