"""The table as text of files: CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yolopatch.core.compare.columns import LATENCY, Column, columns_of
from yolopatch.core.compare.description import describe
from yolopatch.core.compare.evaluation import Evaluation
from yolopatch.core.compare.rows import Method, Row
from yolopatch.core.tables.csv_text import csv_text
from yolopatch.core.tables.latex import escape_latex, latex_table
from yolopatch.core.tables.markdown import LEFT, RIGHT, escape_markdown, markdown_table
from yolopatch.core.tables.marks import LATEX_MARKS, MARKDOWN_MARKS

_MARKED = "the best of the column; underlined: the second. Latencies whose quartiles overlap count as equal."
_SPREADS = ("latency_low_ms", "latency_high_ms")
_CONDITIONS = (
    "imgsz",
    "batch",
    "precision_type",
    "rounds",
    "hardware",
    "threads",
    "torch",
    "pin",
    "commit",
    "edited_files",
)
_OF_CLASS = ("precision", "recall", "map50", "map50_95")
_TRAINED = ("epoch", "epochs", "data")


def write_csv(rows: Sequence[Row], method: Method) -> str:
    """Return the table for programs: one line for each model, with what it was measured on; "" for the unknown."""
    columns = columns_of(rows)
    trained = _TRAINED if any(row.scores for row in rows) else ()
    header = ("name", *(column.key for column in columns), *_SPREADS, *trained, *_CONDITIONS)
    return csv_text(header, [_csv_row(row, columns, trained, method) for row in rows])


def _csv_row(row: Row, columns: Sequence[Column], trained: Sequence[str], method: Method) -> tuple[object, ...]:
    values = [_exact(column.value(row)) for column in columns]
    spread = (row.times.low, row.times.high) if row.times else (None, None)
    of_run = [getattr(row.scores, name, None) for name in trained]
    ran = method.process_of(row.name)
    conditions = (method.imgsz, method.batch, method.precision, ran.rounds, ran.hardware, ran.threads, ran.torch)
    return (row.name, *values, *spread, *of_run, *conditions, ran.pin, ran.commit, ran.edited)


def write_classes(rows: Sequence[Row]) -> str:
    """Return the figures of each class for programs: one line for each model and class; "" for the unknown."""
    header = ("name", "class", "objects", *_OF_CLASS, "coco_ap", "coco_ap50", "data")
    return csv_text(header, [line for row in rows if row.evaluation for line in _class_rows(row.name, row.evaluation)])


def _class_rows(name: str, evaluation: Evaluation) -> Iterator[tuple[object, ...]]:
    for one in evaluation.of_classes():
        own = [_exact(getattr(one.upstream, figure) if one.upstream else None) for figure in _OF_CLASS]
        coco = _exact(one.coco.ap), _exact(one.coco.ap50)
        yield (name, one.name, one.coco.objects, *own, *coco, evaluation.data)


def _exact(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def write_markdown(rows: Sequence[Row], method: Method) -> str:
    """Return the table in Markdown as GitHub shows it: the best of a column bold, the second underlined."""
    columns = columns_of(rows)
    heads = ["Model", *(f"{column.head} ({column.unit})" if column.unit else column.head for column in columns)]
    cells = _marked(columns, rows, MARKDOWN_MARKS, "\N{EN DASH}")
    body = [(escape_markdown(row.name), *line) for row, line in zip(rows, cells)]
    notes = [*describe(method, rows), f"Bold: {_MARKED}"]
    return markdown_table(heads, [LEFT, *[RIGHT] * len(columns)], body, notes)


def write_latex(rows: Sequence[Row], method: Method) -> str:
    """Return the table for a paper, with booktabs: the best of a column bold, the second underlined."""
    columns = columns_of(rows)
    heads, units = ["Model", *(column.head for column in columns)], ["", *(column.unit for column in columns)]
    cells = _marked(columns, rows, LATEX_MARKS, "--")
    body = [(escape_latex(row.name), *line) for row, line in zip(rows, cells)]
    notes = [*describe(method, rows), f"Bold: {_MARKED}"]
    return latex_table(heads, units, f"l{'r' * len(columns)}", [body], notes)


def _marked(columns: Sequence[Column], rows: Sequence[Row], forms: Mapping[int, str], dash: str) -> list[list[str]]:
    """Return the cells of each row; the latency has its quartiles behind it, with this dash between them."""
    by_column = [
        [_cell(column, row, forms[mark], dash) for row, mark in zip(rows, column.marks(rows))] for column in columns
    ]
    return [list(cells) for cells in zip(*by_column)]


def _cell(column: Column, row: Row, form: str, dash: str) -> str:
    text = form % column.text(row)
    return f"{text} ({row.times.low:.2f}{dash}{row.times.high:.2f})" if column is LATENCY and row.times else text
