"""The page of a comparison: the table, the plots, and how everything was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from yolopatch.core.compare import chart
from yolopatch.core.compare.columns import LATENCY, MISSING, Column, parts_of
from yolopatch.core.compare.description import describe
from yolopatch.core.compare.evaluation import ClassFigures
from yolopatch.core.compare.plots import CLASSES, LAYERS, SIZE, TRAINING, Plot
from yolopatch.core.compare.rows import Row
from yolopatch.core.tables.marks import BEST, SECOND
from yolopatch.outside.page.page import render_template

if TYPE_CHECKING:
    from yolopatch.steps.compare.compare import Comparison

_MARKS = {BEST: "best", SECOND: "second"}
_NO_MAP = "No model here has an mAP. Name the folder of a training run, or a checkpoint with --data."
_NO_CURVES = "Nothing was evaluated here. Name data with --data."
_SPREAD = ("median", "low", "high")  # the values of a latency
_OPEN = 6  # plots of classes that are not folded
_NO_RUN = "No model here is a training run with a results.csv. Name the folder of one."


@dataclass(frozen=True)
class Head:
    """The head of a column; `parts` names the values of its cells where each has several."""

    text: str
    parts: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """A cell of the table; `mark` is the look of the best and of the second, `values` are those of several parts."""

    text: str
    mark: str
    spread: str
    values: Sequence[str]


@dataclass(frozen=True)
class Results:
    """A part of the table: its title, the heads of its columns, and the cells of each model."""

    title: str
    heads: Sequence[Head]
    cells: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Figure:
    """A plot as the page shows it: `tall` may be cut between two pages of paper; `dashed`: its lines have dashes."""

    title: str
    how: str
    models: tuple[int, ...]
    pieces: tuple[Markup, ...]
    tall: bool
    dashed: bool


@dataclass(frozen=True)
class Table:
    """A table of numbers that the plots show; the first column names each row."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Group:
    """Plots of one kind; `none` says why there is none, `more` are folded."""

    anchor: str
    title: str
    none: str
    shown: Sequence[Figure]
    more: Sequence[Figure] = ()
    tables: Sequence[Table] = ()

    @property
    def more_title(self) -> str:
        """How many plots are folded."""
        return f"{len(self.more)} more plot{'s' if len(self.more) != 1 else ''}"


@dataclass(frozen=True)
class Page:
    """The content of the page."""

    title: str
    facts: Sequence[tuple[str, str]]
    names: Sequence[str]
    tables: Sequence[Results]
    marks: str
    groups: Sequence[Group]
    how: Sequence[str]
    command: str
    rules: Markup
    dark_rules: Markup

    def colour(self, model: int) -> str:
        """Return the class of a model's colour."""
        return chart.colour(model)

    def dashes(self, model: int) -> str:
        """Return the dashes of a model's line."""
        return chart.dashes(model)


def render_page(found: Comparison, command: str) -> str:
    """Return the page as HTML text; `command` is what measures it again."""
    return render_template("compare.html.j2", page=make_page(found, command))


def make_page(found: Comparison, command: str) -> Page:
    """Return the content of the page."""
    rows, method = found.rows, found.method
    pins = dict.fromkeys(process.pin for process in method.processes)
    places = dict.fromkeys(process.place for process in method.processes)
    return Page(
        title=f"{len(rows)} model{'s' if len(rows) != 1 else ''} compared",
        facts=[("pin", ", ".join(pins)), ("image size", f"{method.imgsz} px"), ("measured on", "; ".join(places))],
        names=[row.name for row in rows],
        tables=[_results(title, columns, rows) for title, columns in parts_of(rows).items()],
        marks="Bold: the best of the column; underlined: the second. Latencies whose quartiles overlap count as equal.",
        groups=_groups(found.plots, rows),
        how=describe(method, rows),
        command=command,
        rules=Markup(chart.rules()),
        dark_rules=Markup(chart.dark_rules()),
    )


def _results(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Results:
    looks = [column.marks(rows) for column in columns]
    return Results(
        title,
        [Head(f"{column.head} {column.unit}".strip(), _SPREAD if column is LATENCY else ()) for column in columns],
        [
            [_cell(column, row, marks[number]) for column, marks in zip(columns, looks)]
            for number, row in enumerate(rows)
        ],
    )


def _cell(column: Column, row: Row, mark: int) -> Cell:
    text, look = column.text(row), _MARKS.get(mark, "")
    if column is not LATENCY or not row.times:
        return Cell(text, look, "", ())
    low, high = f"{row.times.low:.2f}", f"{row.times.high:.2f}"
    return Cell(text, look, f"{low} to {high}", (text, low, high))


def _groups(plots: Sequence[Plot], rows: Sequence[Row]) -> list[Group]:
    figures = {
        group: [_figure(plot) for plot in plots if plot.group == group] for group in (SIZE, LAYERS, TRAINING, CLASSES)
    }
    shown, more = figures[CLASSES][:_OPEN], figures[CLASSES][_OPEN:]
    return [
        Group("size", "Size and speed against mAP", _NO_MAP, figures[SIZE]),
        Group("layers", "Layer by layer", "", figures[LAYERS], tables=_layer_tables(rows)),
        Group("training", "Training", _NO_RUN, figures[TRAINING]),
        Group("classes", "Precision by recall, of each class", _NO_CURVES, shown, more, _class_tables(rows)),
    ]


def _figure(plot: Plot) -> Figure:
    dashed = plot.group in (TRAINING, CLASSES)
    return Figure(plot.title, plot.how, plot.models, tuple(map(Markup, plot.pieces)), plot.group == LAYERS, dashed)


def _class_tables(rows: Sequence[Row]) -> list[Table]:
    return [
        Table(
            f"Numbers of the {len(row.evaluation.coco.classes)} classes of {row.name}",
            ("Class", "Objects", "Precision", "Recall", "mAP50", "mAP50-95", "AP50 COCO", "AP COCO"),
            [_class_row(one) for one in row.evaluation.of_classes()],
        )
        for row in rows
        if row.evaluation
    ]


def _class_row(one: ClassFigures) -> list[str]:
    own = one.upstream
    figures = [own.precision, own.recall, own.map50, own.map50_95] if own else [None] * 4
    shown = [MISSING if value is None else f"{value:.3f}" for value in (*figures, one.coco.ap50, one.coco.ap)]
    return [one.name, str(one.coco.objects), *shown]


def _layer_tables(rows: Sequence[Row]) -> list[Table]:
    return [
        Table(
            f"Numbers of the {len(row.by_layer)} layers of {row.name}",
            ("Layer", "Parameters", "GFLOPs true"),
            [(f"{one.index} {one.kind}", f"{one.parameters:,}", f"{one.gflops:.4f}") for one in row.by_layer],
        )
        for row in rows
    ]
