"""The table as text of files: CSV of its rows and of its runs, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from yolopatch.core.ablate.cells import COLUMNS, LATEX, MARKDOWN, Column
from yolopatch.core.ablate.notes import MARKS, describe, facts, has_marks
from yolopatch.core.ablate.results import RunResult, Scores
from yolopatch.core.ablate.statistics import Difference
from yolopatch.core.ablate.table import Outcome, Row, Table
from yolopatch.core.tables.csv_text import csv_text
from yolopatch.core.tables.latex import latex_table
from yolopatch.core.tables.markdown import LEFT, RIGHT, markdown_table

_METRICS = ("map50", "map50_95")
_SUMMARY = ("mean", "std", "count")
_DIFFERENCE = tuple(field.name for field in fields(Difference))
_SCORES = tuple(field.name for field in fields(Scores))
_RUN = ("id", "arm", "scale", "seed", "status", "commit", "seconds", "attempts", "host", "why")
_NO_SCORES = (None,) * len(_SCORES)
_cells_of_run, _cells_of_known = attrgetter(*_RUN), attrgetter(*_SCORES)
_CONDITIONS = ("choice", "pin", "seed_patch", "data", "arguments", "weights", "environment")


def write_csv(table: Table) -> str:
    """Return the table for programs, metrics from 0 to 1 and every digit: one line for each arm at each scale."""
    header = [
        *("arm", "scale", "parameters", "gflops", "latency_ms", "fps"),
        *("runs_done", "runs_wanted", "runs_failed"),
        *(f"{metric}_{name}" for metric in _METRICS for name in _SUMMARY),
        *(f"{metric}_difference_{name}" for metric in _METRICS for name in _DIFFERENCE),
        *("verdict", "verdict_map50", "why", *_CONDITIONS),
    ]
    conditions = [getattr(table.conditions, name) for name in _CONDITIONS]
    return csv_text(header, ([*_csv_row(row), *conditions] for row in table.rows))


def _csv_row(row: Row) -> list[object]:
    outcomes: tuple[Outcome, ...] = (row.map50, row.map50_95)
    return [
        *(row.arm, row.scale),
        *(getattr(row.figures, name, None) for name in ("parameters", "gflops", "latency_ms", "fps")),
        *(row.done, row.wanted, len(row.sample.failed)),
        *(getattr(outcome.summary, name, None) for outcome in outcomes for name in _SUMMARY),
        *(getattr(outcome.difference, name, None) for outcome in outcomes for name in _DIFFERENCE),
        *(row.verdict, row.map50.verdict, row.why),
    ]


def write_runs_csv(table: Table) -> str:
    """Return one line for each run, with the metrics of both checkpoints."""
    header = [*_RUN, *(f"{which}_{name}" for which in ("best", "last") for name in _SCORES)]
    return csv_text(header, map(_csv_run, table.results))


def _csv_run(run: RunResult) -> list[object]:
    return [*_cells_of_run(run), *_cells_of_scores(run.best), *_cells_of_scores(run.last)]


def _cells_of_scores(scores: Scores | None) -> Sequence[object]:
    return _NO_SCORES if scores is None else _cells_of_known(scores)


def write_markdown(table: Table) -> str:
    """Return the table in Markdown as GitHub shows it, with its notes."""
    heads = [f"{column.head} ({column.unit})" if column.unit else column.head for column in COLUMNS]
    sides = [RIGHT if column.is_figure else LEFT for column in COLUMNS]
    rows = [[column.cell(row, MARKDOWN) for column in COLUMNS] for row in table.rows]
    return markdown_table(heads, sides, rows, notes_of(table))


def write_latex(table: Table) -> str:
    """Return the table for a paper, with booktabs and its notes; columns that nothing is known of are left out."""
    columns = [column for column in COLUMNS if any(column.cell(row, LATEX) != LATEX.missing for row in table.rows)]
    groups = [[[column.cell(row, LATEX) for column in columns] for row in rows] for rows in table.groups()]
    heads, units = [column.head for column in columns], [column.unit for column in columns]
    return latex_table(heads, units, "".join(map(_side, columns)), groups, notes_of(table), wide=True)


def _side(column: Column) -> str:
    return "r" if column.is_figure else "l"


def notes_of(table: Table) -> list[str]:
    """Return the sentences below a table in which the best are marked."""
    return [*describe(table), *([MARKS] if has_marks(table) else ()), *facts(table)]
