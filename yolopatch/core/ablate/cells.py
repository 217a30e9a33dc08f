"""The cells of a row as text: the same numbers for a terminal, for Markdown and for LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.ablate.statistics import Difference
from yolopatch.core.ablate.table import Outcome, Row
from yolopatch.core.language.spoken import spoken
from yolopatch.core.tables.latex import escape_latex
from yolopatch.core.tables.markdown import escape_markdown
from yolopatch.core.tables.marks import BEST, LATEX_MARKS, MARKDOWN_MARKS, SECOND, UNMARKED

_SMALLEST = 0.0001  # a p below it is printed as smaller than it


@dataclass(frozen=True)
class Form:
    """How one kind of text writes what is no digit.

    Attributes:
        missing: stands for a value that is not known.
        symbols: what replaces a minus, a plus-minus and a smaller-than.
        marks: of the best and the second.
        escape: for names.
    """

    missing: str
    symbols: Mapping[str, str]
    marks: Mapping[int, str]
    escape: Callable[[str], str]

    def number(self, text: str) -> str:
        """Return a number's text with this form's symbols."""
        return "".join(self.symbols.get(char, char) for char in text)


TERMINAL = Form("-", {}, {BEST: "%s", SECOND: "%s", UNMARKED: "%s"}, str)
MARKDOWN = Form("-", {"-": "\N{MINUS SIGN}", "<": "&lt;"}, MARKDOWN_MARKS, escape_markdown)
PAGE = Form("-", {"-": "\N{MINUS SIGN}"}, TERMINAL.marks, str)  # the page shows marks by its style, and escapes itself
LATEX = Form(
    "--", {"-": "$-$", "\N{PLUS-MINUS SIGN}": r"$\pm$", "<": "$<$", "[": "{[}", "]": "{]}"}, LATEX_MARKS, escape_latex
)


@dataclass(frozen=True)
class Parts:
    """The values that a cell shows together: their names, and how to get them from a row, as numbers for programs."""

    names: tuple[str, ...] = ()
    values: Callable[[Row], Sequence[str]] = lambda row: ()


@dataclass(frozen=True)
class Column:
    """A column: its head, the unit, whether it holds figures, its cell in a row, and the parts of a cell with some."""

    head: str
    unit: str
    is_figure: bool
    cell: Callable[[Row, Form], str]
    parts: Parts = Parts()


def _figure(head: str, unit: str, decimals: int, value: Callable[[Row], float | None]) -> Column:
    def cell(row: Row, form: Form) -> str:
        found = value(row)
        return form.missing if found is None else f"{found:.{decimals}f}"

    return Column(head, unit, True, cell)


def _metric(outcome: Outcome, form: Form) -> str:
    summary = outcome.summary
    if summary is None:
        return form.missing
    mean = form.marks[outcome.mark] % f"{100 * summary.mean:.2f}"
    spread = "" if summary.std is None else f" \N{PLUS-MINUS SIGN} {100 * summary.std:.2f}"
    return mean + form.number(spread)


def _mean_and_std(outcome: Outcome) -> Sequence[str]:
    found = outcome.summary
    return () if found is None else (f"{100 * found.mean:.2f}", "" if found.std is None else f"{100 * found.std:.2f}")


def _ends(difference: Difference | None) -> Sequence[str]:
    if difference is None or difference.low is None or difference.high is None:
        return ()
    return f"{100 * difference.low:.2f}", f"{100 * difference.high:.2f}"


def points(value: float) -> str:
    """Return a difference in percentage points, with its sign unless it is printed as 0."""
    text = f"{100 * value:+.2f}"
    return text[1:] if float(text) == 0 else text


def interval(difference: Difference | None, missing: str) -> str:
    """Return the interval of a difference."""
    if difference is None or difference.low is None or difference.high is None:
        return missing
    return f"[{points(difference.low)}, {points(difference.high)}]"


def p_text(difference: Difference | None, missing: str) -> str:
    """Return a difference's corrected p."""
    if difference is None or difference.p is None:
        return missing
    return f"{difference.p:.4f}" if difference.p >= _SMALLEST else f"<{_SMALLEST}"


def _of_difference(text: Callable[[Difference | None, str], str]) -> Callable[[Row, Form], str]:
    def cell(row: Row, form: Form) -> str:
        found = text(row.map50_95.difference, "")
        return form.number(found) if found else form.missing

    return cell


def _mean(difference: Difference | None, missing: str) -> str:
    return missing if difference is None else points(difference.mean)


def _with_interval(difference: Difference | None, missing: str) -> str:
    return f"{_mean(difference, missing)} {interval(difference, missing)}".rstrip()


ARM = Column("Arm", "", False, lambda row, form: form.escape(row.arm))
SCALE = Column("Scale", "", False, lambda row, form: form.escape(row.scale))
COSTS = (
    _figure("Parameters", "M", 3, lambda row: row.figures.parameters / 1e6 if row.figures else None),
    _figure("GFLOPs", "", 2, lambda row: row.figures.gflops if row.figures else None),
    _figure("Latency", "ms", 2, lambda row: row.figures.latency_ms if row.figures else None),
    _figure("Speed", "FPS", 1, lambda row: row.figures.fps if row.figures else None),
)
RUNS = Column(
    "Runs",
    "",
    True,
    lambda row, form: f"{row.done}/{row.wanted}",
    Parts(("done", "of"), lambda row: (str(row.done), str(row.wanted))),
)
_MEAN = ("mean", "std")
METRICS = (
    Column(
        "mAP50",
        "%",
        True,
        lambda row, form: _metric(row.map50, form),
        Parts(_MEAN, lambda row: _mean_and_std(row.map50)),
    ),
    Column(
        "mAP50-95",
        "%",
        True,
        lambda row, form: _metric(row.map50_95, form),
        Parts(_MEAN, lambda row: _mean_and_std(row.map50_95)),
    ),
)
POINTS = Column("points", "", True, _of_difference(_mean))
INTERVAL = Column(
    "95%",
    "",
    True,
    _of_difference(interval),
    Parts(("low", "high"), lambda row: _ends(row.map50_95.difference)),
)
DIFFERENCE = Column("Difference", "points", True, _of_difference(_with_interval))
P = Column("p", "", True, _of_difference(p_text))
VERDICT = Column("Verdict", "", False, lambda row, form: spoken().translate(row.verdict))
COLUMNS = (ARM, SCALE, *COSTS, RUNS, *METRICS, DIFFERENCE, P, VERDICT)
