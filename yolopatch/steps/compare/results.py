"""The metrics and curves of a training run, read from the files that upstream wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from yolopatch.core.compare.curves import Curves, curves_of
from yolopatch.core.compare.rows import Metrics
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.training.results import RESULTS, box_metrics, read_results
from yolopatch.errors import UsageError
from yolopatch.steps.training.results import naming_columns, settings_text


def read_training(folder: Path) -> tuple[Metrics | None, Curves | None]:
    """Return the metrics of the epoch with the highest mAP50-95, and the curves; None for what no epoch has.

    Args:
        folder: where upstream wrote the results.

    Raises:
        UsageError: results.csv is not one of upstream's.
    """
    file = folder / RESULTS
    with naming_columns(file, UsageError, "name the folder of a training of ultralytics or yolov5"):
        rows = read_results(file.read_text("utf-8", "replace"))
    return _best(rows, folder), curves_of(rows) if rows else None


def _best(rows: Sequence[Mapping[str, float]], folder: Path) -> Metrics | None:
    measured = [(number, found) for number, row in enumerate(rows, 1) if (found := box_metrics(row))]
    whole = [(number, found) for number, found in measured if all(map(math.isfinite, found.values()))]
    if not whole:
        return None
    epoch, best = max(whole, key=lambda one: one[1]["mAP50-95"])
    values = best["precision"], best["recall"], best["mAP50"], best["mAP50-95"]
    return Metrics(*values, epoch=epoch, epochs=len(rows), data=_data_of(folder))


def _data_of(folder: Path) -> str | None:
    """Return the data set that the run's settings name, None where they name none or cannot be read."""
    text = settings_text(folder)
    if text is None:
        return None
    try:
        content = load_plain(text)
    except PlainYamlError:
        return None  # what is missing is said where it would stand: the metrics count without it
    data = content.get("data") if isinstance(content, dict) else None
    return data if isinstance(data, str) else None
