"""The seeds of every arm as a figure: what each run gave, and how far it is from the baseline's with the same seed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.ablate.cells import p_text, points
from yolopatch.core.ablate.notes import seeds_text
from yolopatch.core.ablate.results import BEST
from yolopatch.core.ablate.samples import Sample
from yolopatch.core.ablate.statistics import Difference, subtract
from yolopatch.core.ablate.table import MAP50_95, Row, Table
from yolopatch.core.ablate.verdicts import BASELINE, BETTER, WORSE, common_seeds
from yolopatch.core.figures.axis import Axis, fit
from yolopatch.core.figures.svg import svg_document, svg_text
from yolopatch.core.text import shorten

_MARGIN, _HEAD = 24, 62  # pixels: around everything, and above the first scale
_ROW, _TITLE, _TICKS = 34, 30, 34  # pixels: of an arm, of a scale's name, of the numbers below it
_LETTER = 6.6  # pixels, on average and rather too wide: no text may be cut
_NAME = 32  # letters of an arm's name
_VALUES, _DIFFERENCES, _VERDICT, _GAP = 300, 260, 190, 32  # pixels: of each column, and between two
_LINE = 15  # pixels: of the text at the foot
_DOT, _SPREAD = 3.6, 4  # pixels: of a dot, and between dots that would lie on each other
_ABOVE, _BELOW = 5, 8  # pixels: from the middle of a row to the differences, and to their interval
LEAST = 0.004  # of mAP: no axis shows less, so that noise never looks like a difference
CLASSES = {BASELINE: "base", BETTER: "better", WORSE: "worse"}
_LIGHT = """
.name { font-size: 12px; font-weight: 600; fill: #14171c; }
.scale { font-size: 13px; font-weight: 600; fill: #14171c; }
.middle { text-anchor: middle; }
.grid { stroke: #d8dde5; stroke-width: 1; }
.zero { stroke: #3d4450; stroke-width: 1.2; stroke-dasharray: 4 3; }
.dot { fill: #4e79b8; fill-opacity: 0.65; stroke: #ffffff; stroke-width: 0.6; }
.mean { stroke: #14171c; stroke-width: 2.2; }
.interval { stroke: #14171c; stroke-width: 1.8; fill: none; }
.diamond { fill: #14171c; }
.base .dot { fill: #7b8494; }
.better .dot { fill: #1b7f4b; }
.worse .dot { fill: #c2410c; }
.better .verdict { fill: #14633a; font-weight: 600; }
.worse .verdict { fill: #9a3309; font-weight: 600; }
"""
_DARK = """
.name, .scale { fill: #f2f4f7; }
.grid { stroke: #2e3540; }
.zero { stroke: #b7bfcc; }
.dot { fill: #7fb0f0; stroke: #14171c; }
.mean, .interval { stroke: #f2f4f7; }
.diamond { fill: #f2f4f7; }
.base .dot { fill: #97a1b0; }
.better .dot { fill: #4cc38a; }
.worse .dot { fill: #ff9364; }
.better .verdict { fill: #6fdba6; }
.worse .verdict { fill: #ffae8a; }
"""


@dataclass(frozen=True)
class _Panel:
    """One scale: its rows, the differences of each arm by seed, and where things are."""

    rows: tuple[Row, ...]
    differences: Mapping[str, Mapping[int, float]]
    top: float
    values: Axis
    gaps: Axis

    @property
    def bottom(self) -> float:
        """Pixels from the top of the figure to the end of the rows."""
        return self.top + _TITLE + len(self.rows) * _ROW


def draw_chart(table: Table) -> str | None:
    """Return the figure as the text of an SVG file; None where no run is done.

    On the left, a dot for each run's mAP50-95 and a bar for their mean. On the right, a dot for each seed's difference
    to the baseline, with the mean as a diamond and its 95 % t interval as a line. The differences of all scales have
    one axis, so that they can be compared.
    """
    panels = _panels(table)
    if not panels:
        return None
    has_arms = len(table.plan.arms) > 1
    right = panels[0].gaps.start + _DIFFERENCES + _GAP + _VERDICT if has_arms else panels[0].values.start + _VALUES
    foot = _foot(table, has_arms)
    height = panels[-1].bottom + _TICKS + _LINE * len(foot) + _MARGIN
    names = dict(zip(table.plan.arms, shorten(table.plan.arms, _NAME)))
    body = [
        f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 14}">{MAP50_95} of every seed</text>',
        *(line for panel in panels for line in _draw(panel, names, has_arms)),
        *(
            f'<text x="{_MARGIN}" y="{panels[-1].bottom + _TICKS + _LINE * (number + 1):.0f}">{svg_text(line)}</text>'
            for number, line in enumerate(foot)
        ),
    ]
    title = f"{MAP50_95} of {len(table.plan.arms)} arms over {seeds_text(table.plan.seeds)}"
    return svg_document(right + _MARGIN, height, title, _description(table), _LIGHT, _DARK, "\n".join(body))


def _panels(table: Table) -> list[_Panel]:
    scales = compare_scales(table)
    names = max(map(_width, (*shorten(table.plan.arms, _NAME), "baseline")))
    start = _MARGIN + names + _GAP
    gaps = fit(shown_differences(scales), start + _VALUES + _GAP, _DIFFERENCES, LEAST)
    panels, top = [], float(_HEAD)
    for scale in scales:
        values = fit((one for row in scale.rows for one in values_of(row.sample).values()), start, _VALUES, LEAST)
        panels.append(_Panel(scale.rows, scale.differences, top, values, gaps))
        top = panels[-1].bottom + _TICKS
    return panels


@dataclass(frozen=True)
class Compared:
    """The rows of a scale, and by arm and seed the differences to the baseline that the table is made of."""

    rows: tuple[Row, ...]
    differences: Mapping[str, Mapping[int, float]]


def compare_scales(table: Table) -> list[Compared]:
    """Return the scales with a finished run."""
    groups = [rows for rows in table.groups() if any(row.sample.scores for row in rows)]
    bases = {row.scale: row.sample for row in table.rows if row.arm == table.plan.baseline}
    return [Compared(rows, {row.arm: _differences(row, bases[row.scale]) for row in rows}) for rows in groups]


def values_of(sample: Sample) -> dict[int, float]:
    """Return the metric of each seed."""
    return {seed: scores.map50_95 for seed, scores in sample.scores.items()}


def _differences(row: Row, base: Sample) -> dict[int, float]:
    if row.map50_95.difference is None:
        return {}
    own, theirs = values_of(row.sample), values_of(base)
    return {seed: subtract(own[seed], theirs[seed]) for seed in common_seeds(row.sample, base)}


def shown_differences(scales: Sequence[Compared]) -> Iterator[float]:
    """Yield every difference and every end of an interval: what an axis for all scales has to show."""
    yield 0.0
    for scale in scales:
        for row in scale.rows:
            difference = row.map50_95.difference
            yield from scale.differences[row.arm].values()
            if difference and difference.low is not None and difference.high is not None:
                yield from (difference.low, difference.high)


def _draw(panel: _Panel, names: Mapping[str, str], has_arms: bool) -> Iterator[str]:
    """Yield the elements of a scale: heads and grid, then the arms over it."""
    y = panel.top + 16
    baseline = svg_text(next(names[row.arm] for row in panel.rows if row.verdict == BASELINE))
    yield f'<text class="scale" x="{_MARGIN}" y="{y:.0f}">scale {svg_text(panel.rows[0].scale)}</text>'
    yield f'<text x="{panel.values.start:.0f}" y="{y:.0f}">{MAP50_95}, %</text>'
    yield from _grid(panel, panel.values, signed=False)
    if has_arms:
        yield f'<text x="{panel.gaps.start:.0f}" y="{y:.0f}">difference to {baseline}, points</text>'
        yield from _grid(panel, panel.gaps, signed=True)
    for number, row in enumerate(panel.rows):
        yield from _arm(panel, row, names[row.arm], panel.top + _TITLE + (number + 0.5) * _ROW, has_arms)


def _grid(panel: _Panel, axis: Axis, *, signed: bool) -> Iterator[str]:
    top, bottom = panel.top + _TITLE, panel.bottom
    for x, kind, text in tick_texts(axis, signed=signed):
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.0f}" y2="{bottom:.0f}"/>'
        yield f'<text class="middle" x="{x:.1f}" y="{bottom + 15:.0f}">{text}</text>'


def tick_texts(axis: Axis, *, signed: bool) -> Iterator[tuple[float, str, str]]:
    """Yield the place of each tick, the look of its line (`zero` or `grid`), and its number in percent or points."""
    decimals = max(0, axis.tick_decimals() - 2)
    for tick in axis.ticks():
        kind = "zero" if signed and abs(tick) < 1e-12 else "grid"
        text = f"{100 * tick:+.{decimals}f}" if signed and kind != "zero" else f"{100 * tick:.{decimals}f}"
        yield axis.at(tick), kind, text


def _arm(panel: _Panel, row: Row, name: str, y: float, has_arms: bool) -> Iterator[str]:
    yield f'<g class="{CLASSES.get(row.verdict, "other")}"><title>{svg_text(spoken(row))}</title>'
    yield f'<text class="name" x="{_MARGIN}" y="{y + 4:.1f}">{svg_text(name)}</text>'
    yield from draw_dots(panel.values, values_of(row.sample), y)
    summary = row.map50_95.summary
    if summary:
        x = panel.values.at(summary.mean)
        yield f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 11:.1f}" y2="{y + 11:.1f}"/>'
    else:
        yield f'<text x="{panel.values.start:.0f}" y="{y + 4:.1f}">no finished run</text>'
    if has_arms:
        yield from draw_dots(panel.gaps, panel.differences[row.arm], y - _ABOVE)
        yield from draw_interval(panel.gaps, row.map50_95.difference, y + _BELOW)
        x = panel.gaps.start + _DIFFERENCES + _GAP
        yield f'<text class="verdict" x="{x:.0f}" y="{y + 4:.1f}">{svg_text(verdict_words(row))}</text>'
    yield "</g>"


def draw_dots(axis: Axis, values: Mapping[int, float], y: float) -> Iterator[str]:
    """Yield a dot for each seed, in three lanes, so that equal ones do not hide each other."""
    for number, (seed, value) in enumerate(values.items()):
        lane = y + (number % 3 - 1) * _SPREAD
        title = f"<title>seed {seed}</title>"
        yield f'<circle class="dot" cx="{axis.at(value):.1f}" cy="{lane:.1f}" r="{_DOT}">{title}</circle>'


def draw_interval(axis: Axis, difference: Difference | None, y: float) -> Iterator[str]:
    """Yield the mean of differences as a diamond, and its interval as a line; nothing of None."""
    if difference is None:
        return
    if difference.low is not None and difference.high is not None:
        low, high = axis.at(difference.low), axis.at(difference.high)
        caps = f"M{low:.1f} {y - 4:.1f}v8M{high:.1f} {y - 4:.1f}v8"
        yield f'<path class="interval" d="M{low:.1f} {y:.1f}H{high:.1f}{caps}"/>'
    yield f'<path class="diamond" d="M{axis.at(difference.mean):.1f} {y - 5:.1f}l4 5-4 5-4-5z"/>'


def verdict_words(row: Row) -> str:
    """Return the verdict with its p."""
    p = p_text(row.map50_95.difference, "")
    return f"{row.verdict}, p {p}".replace("p <", "p < ") if p else row.verdict


def spoken(row: Row) -> str:
    """Return what a screen reader says of an arm."""
    summary, difference = row.map50_95.summary, row.map50_95.difference
    if summary is None:
        return f"{row.arm} at scale {row.scale}: no finished run"
    said = [f"{row.arm} at scale {row.scale}: mean {100 * summary.mean:.2f} of {len(row.sample.scores)} runs"]
    if difference:
        said.append(f"a difference of {points(difference.mean)} points")
        if difference.low is not None and difference.high is not None:
            said.append(f"from {points(difference.low)} to {points(difference.high)}")
    return ", ".join((*said, verdict_words(row)))


def _description(table: Table) -> str:
    return ". ".join(map(spoken, table.rows)) + "."


def _foot(table: Table, has_arms: bool) -> list[str]:
    checkpoint = "best.pt" if table.conditions.choice == BEST else "last.pt"
    said = [f"Dots: the runs, one for each seed, for the weights of {checkpoint}. Bar: their mean."]
    if has_arms:
        said.append("On the right: the differences of equal seeds; diamond: their mean, line: its 95% t interval.")
        said.append("p: of the sign-flip test, corrected by Holm for the arms of a scale.")
    return said


def _width(text: str) -> float:
    """Return the pixels of a text in bold: letters of East Asia are twice as wide."""
    letters = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return letters * _LETTER * 1.1
