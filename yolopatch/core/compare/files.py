"""The table as text of files: CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from yolopatch.core.compare.columns import BEST, LATENCY, SECOND, Column, columns_of
from yolopatch.core.compare.rows import Method, Row, describe

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",  # two of them would become a dash
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#&])")
_TEX_MARKS = {BEST: r"\textbf{%s}", SECOND: r"\underline{%s}"}
_MARKDOWN_MARKS = {BEST: "**%s**", SECOND: "<u>%s</u>"}
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
_TRAINED = ("epoch", "epochs", "data")


def write_csv(rows: Sequence[Row], method: Method) -> str:
    """Return the table for programs: one line for each model, with what it was measured on; "" for the unknown."""
    columns = columns_of(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    trained = _TRAINED if any(row.metrics for row in rows) else ()
    writer.writerow(("name", *(column.key for column in columns), *_SPREADS, *trained, *_CONDITIONS))
    for row in rows:
        values = [_exact(column.value(row)) for column in columns]
        spread = (row.times.low, row.times.high) if row.times else ("", "")
        of_run = [getattr(row.metrics, name) if row.metrics else "" for name in trained]
        ran = method.process_of(row.name)
        conditions = (method.imgsz, method.batch, method.precision, ran.rounds, ran.hardware, ran.threads, ran.torch)
        writer.writerow((row.name, *values, *spread, *of_run, *conditions, ran.pin, ran.commit, ran.edited))
    return text.getvalue()


def _exact(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def write_markdown(rows: Sequence[Row], method: Method) -> str:
    """Return the table in Markdown as GitHub shows it: the best of a column bold, the second underlined."""
    columns = columns_of(rows)
    heads = ["Model", *(f"{column.head} ({column.unit})" if column.unit else column.head for column in columns)]
    lines = [_line(heads), _line(["---", *["---:"] * len(columns)])]
    lines += [
        _line([_escape_markdown(row.name), *cells])
        for row, cells in zip(rows, _marked(columns, rows, _MARKDOWN_MARKS, "\N{EN DASH}"))
    ]
    notes = [f"- {_escape_markdown(sentence)}" for sentence in describe(method, rows)]
    marks = "- Bold: the best of the column; underlined: the second. Latencies whose quartiles overlap count as equal."
    return "\n".join([*lines, "", *notes, marks, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def write_latex(rows: Sequence[Row], method: Method) -> str:
    """Return the table for a paper, with booktabs: the best of a column bold, the second underlined."""
    columns = columns_of(rows)
    heads = ["Model", *(column.head for column in columns)]
    units = ["", *(f"({column.unit})" if column.unit else "" for column in columns)]
    body = [
        _row([escape_latex(row.name), *cells]) for row, cells in zip(rows, _marked(columns, rows, _TEX_MARKS, "--"))
    ]
    notes = " ".join(escape_latex(sentence) for sentence in describe(method, rows))
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs}, \\usepackage[T1]{fontenc} and \\usepackage{textcomp}.",
            "% Best of a column bold, second underlined; latencies whose quartiles overlap count as equal.",
            r"\begin{table}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
            r"\toprule",
            _row([escape_latex(head) for head in heads]),
            _row(units),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\smallskip",
            rf"{{\footnotesize {notes}\par}}",
            r"\end{table}",
            "",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def escape_latex(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    return "".join(_LATEX.get(char, char) for char in text)


def _marked(columns: Sequence[Column], rows: Sequence[Row], forms: Mapping[int, str], dash: str) -> list[list[str]]:
    """Return the cells of each row; the latency has its quartiles behind it, with this dash between them."""
    by_column = [
        [_cell(column, row, forms.get(mark, "%s"), dash) for row, mark in zip(rows, column.marks(rows))]
        for column in columns
    ]
    return [list(cells) for cells in zip(*by_column)]


def _cell(column: Column, row: Row, form: str, dash: str) -> str:
    text = form % column.text(row)
    return f"{text} ({row.times.low:.2f}{dash}{row.times.high:.2f})" if column is LATENCY and row.times else text
