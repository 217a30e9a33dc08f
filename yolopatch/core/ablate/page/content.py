"""What the page of a grid shows: the table with its notes, every seed, and the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yolopatch.core.ablate.cells import (
    COSTS,
    INTERVAL,
    METRICS,
    PAGE,
    POINTS,
    RUNS,
    VERDICT,
    Column,
    P,
)
from yolopatch.core.ablate.notes import MARKS, count, describe, facts, has_marks, seeds_text
from yolopatch.core.ablate.page.strips import SeedFigure, seed_figures
from yolopatch.core.ablate.results import DONE, FAILED, PENDING, RunResult
from yolopatch.core.ablate.table import MAP50_95, Row, Table
from yolopatch.core.ablate.verdicts import BASELINE, BETTER, SAME, TOO_FEW, WORSE
from yolopatch.core.tables.marks import BEST, SECOND
from yolopatch.core.text import duration

MOST_DRAWN, MOST_LISTED = 120, 500  # arms at a scale, and runs: a page of more is slow on a telephone
_TALL = 10  # pieces: a figure of more may not fit the rest of a sheet
_MARKS = {BEST: "best", SECOND: "second"}
_VERDICTS = {BASELINE: "", BETTER: "pass", WORSE: "fail", SAME: "skip", TOO_FEW: "warn"}
_STATUSES = {DONE: "pass", FAILED: "fail", PENDING: "skip"}


@dataclass(frozen=True)
class Head:
    """The head of a column, whether it holds figures, and the names of the values of a cell where it has several."""

    text: str
    is_figure: bool
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A cell: its text, its classes, the look of the badge that it is, "" for none; and its values, if several."""

    text: str
    look: str
    badge: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A row of the table: an arm at a scale."""

    arm: str
    scale: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Part:
    """A part of the table: its columns fit a page together."""

    title: str
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Figure:
    """A figure as the page shows it; paper may be cut between two pieces of a tall one."""

    title: str
    how: str
    pieces: tuple[Markup, ...]
    is_tall: bool


@dataclass(frozen=True)
class RunLine:
    """A run in the list; `badge` is the look of its status."""

    id: str
    status: str
    badge: str
    score: str
    time: str
    seconds: str
    host: str
    why: str


@dataclass(frozen=True)
class Page:
    """The content of the page.

    Attributes:
        facts: of the grid, for its head.
        marks: what bold and underlined mean, "" where nothing is.
        facts_of_runs: what is odd about them.
        no_figures: why there is none.
        runs_title: how many runs the list has.
        runs_note: which runs the list has, where it does not have all.
        command: what makes the table again.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    marks: str
    facts_of_runs: Sequence[str]
    figures: Sequence[Figure]
    no_figures: str
    runs: Sequence[RunLine]
    runs_title: str
    runs_note: str
    how: Sequence[str]
    command: str


def make_page(table: Table, differences: Sequence[str], command: str) -> Page:
    """Return the content of the page.

    Args:
        table: of what is done.
        differences: what the runs differ in that the grid does not say.
        command: what makes the table again.
    """
    plan = table.plan
    figures = seed_figures(table) if len(table.rows) <= MOST_DRAWN else []
    runs, note = _listed(table.results)
    scales = f"{'scale' if len(plan.scales) == 1 else 'scales'} {', '.join(plan.scales)}"
    return Page(
        title=f"{count(len(plan.arms), 'arm')} at {scales} over {count(len(plan.seeds), 'seed')}",
        facts=_facts(table),
        parts=_parts(table),
        marks=MARKS if has_marks(table) else "",
        facts_of_runs=[*facts(table), *differences],
        figures=[_figure(one) for one in figures],
        no_figures=_no_figures(table),
        runs=[_run(run, table.conditions.choice) for run in runs],
        runs_title=count(len(runs), "run"),
        runs_note=note,
        how=describe(table),
        command=command,
    )


def _facts(table: Table) -> list[tuple[str, str]]:
    plan, conditions = table.plan, table.conditions
    done, failed = (sum(run.status == status for run in table.results) for status in (DONE, FAILED))
    return [
        ("pin", conditions.pin),
        ("data", conditions.data),
        ("baseline", plan.baseline),
        ("seeds", seeds_text(plan.seeds).partition(" ")[2]),
        ("runs", f"{done} of {len(table.rows) * len(plan.seeds)} done{f', {failed} failed' if failed else ''}"),
    ]


def _parts(table: Table) -> list[Part]:
    compared = [row for row in table.rows if row.arm != table.plan.baseline]
    parts = [_part("mAP over the seeds", (RUNS, *METRICS), table.rows)]
    if compared:
        title = f"Difference to {table.plan.baseline} in {MAP50_95}"
        parts.append(_part(title, (POINTS, INTERVAL, P, VERDICT), compared))
    if any(row.figures for row in table.rows):
        parts.append(_part("Size and speed", COSTS, table.rows))
    return parts


def _part(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Part:
    heads = tuple(
        Head(f"{column.head} {column.unit}".strip(), column.is_figure, column.parts.names) for column in columns
    )
    lines = (Line(row.arm, row.scale, tuple(_cell(column, row) for column in columns)) for row in rows)
    return Part(title, heads, tuple(lines))


def _cell(column: Column, row: Row) -> Cell:
    badge = _VERDICTS[row.verdict] if column is VERDICT else ""
    outcome = dict(zip(METRICS, (row.map50, row.map50_95))).get(column)
    mark = _MARKS.get(outcome.mark, "") if outcome else ""
    look = f"{'figure' * column.is_figure} {mark}".strip()
    return Cell(column.cell(row, PAGE), look, badge, tuple(column.parts.values(row)))


def _figure(one: SeedFigure) -> Figure:
    return Figure(one.title, one.how, tuple(map(Markup, one.pieces)), len(one.pieces) > _TALL)


def _no_figures(table: Table) -> str:
    if len(table.rows) > MOST_DRAWN:
        return f"chart.svg beside this page has every seed of these {len(table.rows)} arms and scales."
    return "No run is done."


def _listed(results: Sequence[RunResult]) -> tuple[Sequence[RunResult], str]:
    """Return the runs that the page lists, and a note where these are not all."""
    if len(results) <= MOST_LISTED:
        return results, ""
    failed = [run for run in results if run.status == FAILED][:MOST_LISTED]
    which = f"the first {len(failed)} that failed" if len(failed) == MOST_LISTED else "those that failed"
    shown = f"Here are {which}." if failed else "None has failed."
    return failed, f"runs.csv beside this page has all {len(results):,}. {shown}"


def _run(run: RunResult, choice: str) -> RunLine:
    scores = run.scores(choice)
    return RunLine(
        id=run.id,
        status=run.status,
        badge=_STATUSES[run.status],
        score=f"{100 * scores.map50_95:.2f}" if scores else PAGE.missing,
        time=duration(run.seconds) if run.seconds else PAGE.missing,
        seconds=f"{run.seconds:.10g}" if run.seconds else "",
        host=run.host or PAGE.missing,
        why=run.why,
    )
