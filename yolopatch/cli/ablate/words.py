"""The result lines of `ablate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from yolopatch.cli.layout import indented, table
from yolopatch.core.ablate.cells import (
    COSTS,
    INTERVAL,
    METRICS,
    POINTS,
    RUNS,
    SCALE,
    TERMINAL,
    VERDICT,
    Column,
    P,
)
from yolopatch.core.ablate.notes import describe, facts
from yolopatch.core.ablate.table import Row, Table
from yolopatch.core.ablate.verdicts import BETTER, WORSE
from yolopatch.core.text import shorten

_NAME = 16  # characters of an arm's name: with them, every table fits a terminal of 80
_BASELINE = 40
_FACTS = 12  # that are shown; the files have all
_COLOURS = {BETTER: "green", WORSE: "red"}


def grid(found: Table, files: Sequence[Path]) -> Iterator[str]:
    """Yield a table of costs, one of metrics and one of the differences to the baseline; then how they were made."""
    names = dict(zip(found.plan.arms, shorten(found.plan.arms, _NAME)))
    if any(row.figures for row in found.rows):
        yield from _table((SCALE, *COSTS), found.rows, names)
        yield ""
    yield from _table((SCALE, RUNS, *METRICS), found.rows, names)
    compared = [row for row in found.rows if row.arm != found.plan.baseline]
    if compared:
        yield ""
        (baseline,) = shorten([found.plan.baseline], _BASELINE)
        yield f"  difference to {click.style(baseline, bold=True)} in mAP50-95"
        yield from _table((SCALE, POINTS, INTERVAL, P, VERDICT), compared, names)
    yield ""
    for sentence in describe(found):
        yield from indented(sentence)
    yield from _facts(found)
    for file in files:
        yield f"wrote {click.style(str(file), bold=True)}"


def _table(columns: Sequence[Column], rows: Sequence[Row], names: dict[str, str]) -> Iterator[str]:
    heads = ("arm", *(f"{column.head} {column.unit}".strip() for column in columns))
    cells = [(names[row.arm], *(column.cell(row, TERMINAL) for column in columns)) for row in rows]
    colours = [_COLOURS.get(row.verdict) if VERDICT in columns else None for row in rows]
    yield from table(heads, cells, left=2, colours=colours)


def _facts(found: Table) -> Iterator[str]:
    said = facts(found)
    if said:
        yield ""
    for sentence in said[:_FACTS]:
        yield from indented(sentence)
    if len(said) > _FACTS:
        yield f"  {len(said) - _FACTS} more such sentences stand below the table in its files"
