"""The last training in a workspace, from the table that upstream writes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from yolopatch.core.training.results import BOX_COLUMNS, RESULTS, box_metrics, read_columns

RUNS = "runs"
_DEEPEST = 4  # runs/detect/train/results.csv, and one folder more: the user's project
_MOST_FOLDERS = 5000
_MOST_BYTES = 16 * 1024 * 1024  # of a table: some 200 bytes an epoch


@dataclass(frozen=True)
class LastRun:
    """A training.

    Attributes:
        folder: where upstream keeps it.
        epochs: how many are in the table.
        mAP50, mAP50_95: of the boxes on the validation images, in the last epoch; None where the table has none.
    """

    folder: Path
    epochs: int
    mAP50: float | None
    mAP50_95: float | None


def find_last_run(workspace: Path) -> LastRun | None:
    """Return the training whose table changed last; None without one that can be read."""
    tables = sorted(_tables(workspace / RUNS, _DEEPEST, [_MOST_FOLDERS]), reverse=True)
    return next((run for _, table in tables if (run := _read(table))), None)


def _tables(folder: Path, depth: int, left: list[int]) -> Iterator[tuple[float, Path]]:
    """Yield the tables below a folder with their times; what cannot be read has none."""
    left[0] -= 1
    if left[0] < 0:
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name == RESULTS and entry.is_file():
                    yield entry.stat().st_mtime, Path(entry.path)
                elif depth and entry.is_dir(follow_symlinks=False):
                    yield from _tables(Path(entry.path), depth - 1, left)
    except OSError:
        return


def _read(table: Path) -> LastRun | None:
    try:
        with table.open("rb") as stream:
            columns = read_columns(stream.read(_MOST_BYTES).decode("utf-8", "replace"), BOX_COLUMNS)
    except (OSError, KeyError):
        return None  # not a table of upstream's
    epochs = next(iter(columns.values()), [])
    found = box_metrics(columns) or {}
    return LastRun(table.parent, len(epochs), _last(found.get("mAP50")), _last(found.get("mAP50-95")))


def _last(values: list[float] | None) -> float | None:
    return values[-1] if values and isfinite(values[-1]) else None
