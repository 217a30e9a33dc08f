"""The result lines of `compare`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.cli.layout import indented, table
from yolopatch.core.compare.columns import LATENCY, Column, parts_of
from yolopatch.core.compare.description import describe
from yolopatch.core.text import shorten

if TYPE_CHECKING:
    from yolopatch.core.compare.rows import Row
    from yolopatch.steps.compare.compare import Comparison

_NAME = 24  # characters of a name: with them, every table fits a terminal of 80


def comparison(found: Comparison, files: Sequence[Path]) -> Iterator[str]:
    """Yield a table of sizes, one of speeds, and one of metrics where a model has any; then how they were measured."""
    names = shorten([row.name for row in found.rows], _NAME)
    for columns in parts_of(found.rows).values():
        yield from _table(columns, found.rows, names)
        yield ""
    for sentence in describe(found.method, found.rows):
        yield from indented(sentence)
    for file in files:
        yield f"wrote {click.style(str(file), bold=True)}"


def _table(columns: Sequence[Column], rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    heads = [f"{column.head} {column.unit}".strip() for column in columns]
    cells = [[column.text(row) for column in columns] for row in rows]
    if LATENCY in columns:
        heads.insert(1, "quartiles")
        for row, line in zip(rows, cells):
            line.insert(1, f"{row.times.low:.2f}-{row.times.high:.2f}" if row.times else "-")
    yield from table(("model", *heads), [(name, *line) for name, line in zip(names, cells)], left=1)
