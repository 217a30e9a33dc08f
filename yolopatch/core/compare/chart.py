"""Charts of several models as SVG: points, lines and bars.

A model is told by its number and its dashes as well as by its colour: on grey paper, and by every eye.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from yolopatch.core.figures.svg import svg_text

_WIDTH, _HEIGHT = 360, 250  # units; a telephone shows them as pixels, so that letters of 12 can be read
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 24, 12, 44  # units around the field
_COLOURS, _DASHES = 8, ("", "7 3", "2 3", "9 3 2 3", "5 2 1 2 1 2")
_TICKS = 5
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)  # steps between ticks, times a power of ten
_APART = 13  # units between two numbers that must not cover each other
_BESIDE = [(x * far, y * far) for far in (1, 2, 3) for x, y in ((0, -1), (1, 0), (0, 1), (-1, 0), (1, -1), (-1, 1))]
_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'  # a page knows it, and a file has to say it
_NAME, _BAR, _GAP = 16, 12, 7  # units: the height of a row's name and of a bar, and the space between two rows
_VALUE = 78  # units of the value behind a bar
_LETTERS = 46  # of a row's name: more would be cut

_STYLE = """
.plot text {
  font: 12px system-ui, "Segoe UI", "Helvetica Neue", Arial, "Noto Sans CJK SC", sans-serif; fill: var(--soft);
}
.plot .name { fill: var(--ink); }
.plot .key { font-weight: 700; fill: var(--c); stroke: var(--page); stroke-width: 3; paint-order: stroke; }
.plot .small { font-size: 10.5px; }
.plot .end { text-anchor: end; }
.plot .middle { text-anchor: middle; }
.plot .grid { stroke: var(--line); }
.plot .series { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; }
.plot .dot { fill: var(--c); }
.plot .spread { stroke: var(--c); stroke-width: 2; }
"""
_PAPER = "--ink: #1b1f24; --soft: #555d68; --line: #d8dce2; --page: #ffffff;"
_LIGHT = ("#2461c4", "#b3480b", "#14763c", "#8a2bb0", "#a11528", "#0d7282", "#7a5c00", "#5b616b")
_DARK = ("#7fb0ff", "#ffa066", "#6fd08c", "#d49bf5", "#ff9ea6", "#5fd0e0", "#e0c050", "#b5bdc8")


@dataclass(frozen=True)
class Axis:
    """The ends of an axis, its words with the unit, and whether it counts: then it has whole ticks alone."""

    low: float
    high: float
    label: str
    counts: bool = False


@dataclass(frozen=True)
class Point:
    """A model's point: its number, from 1; its place; the spread of x, None where it is exact."""

    model: int
    x: float
    y: float
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Line:
    """A model's line: its number, from 1, and its points; a value that is not finite leaves a gap."""

    model: int
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Bar:
    """A model's bar: its number, from 1; its value, None where it has none; and what stands behind the bar."""

    model: int
    value: float | None
    text: str


def rules() -> str:
    """Return the CSS of the charts of a page."""
    return f":root {{ {_colours(_LIGHT)} }}{_STYLE}{_classes()}"


def dark_rules() -> str:
    """Return what a dark page changes of `rules`."""
    return f":root {{ {_colours(_DARK)} }}"


def _rules_alone() -> str:
    """Return the CSS of a chart that is a file of its own, with the colours that a page has already; for paper."""
    return f"svg {{ {_PAPER} {_colours(_LIGHT)} background: #ffffff; }}{_STYLE}{_classes()}"


def _classes() -> str:
    return "".join(f".m{number} {{ --c: var(--s{number}); }}\n" for number in range(_COLOURS))


def _colours(series: Sequence[str]) -> str:
    return " ".join(f"--s{number}: {value};" for number, value in enumerate(series))


def colour(model: int) -> str:
    """Return the CSS class that gives a model's colour to what is in it."""
    return f"m{(model - 1) % _COLOURS}"


def dashes(model: int) -> str:
    """Return the dashes of a model's line as SVG has them; "" for none."""
    return _DASHES[(model - 1) % len(_DASHES)]


def axis(values: Sequence[float], label: str) -> Axis:
    """Return an axis that shows all of these values, with some room around them; no mAP or latency is below 0."""
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or abs(high) * 0.05 or 1.0
    return Axis(max(low - room, 0.0) if low >= 0 else low - room, high + room, label)


def points(shown: Sequence[Point], x: Axis, y: Axis, alt: str) -> str:
    """Return a chart of points with the number of its model beside each, and its spread as a line through it."""
    frame = _Frame(x, y)
    places = [frame.at(point.x, point.y) for point in shown]
    taken = list(places)
    marks: list[str] = []
    for point, (left, top) in zip(shown, places):
        ends = [frame.at(end, point.y)[0] for end in point.spread or ()]
        spread = f'<path class="spread" d="M{ends[0]:.1f} {top:.1f}H{ends[1]:.1f}"/>' if ends else ""
        label = _free_place((left, top), taken)
        taken.append(label)
        marks += [
            f'<g class="{colour(point.model)}">{spread}<circle class="dot" cx="{left:.1f}" cy="{top:.1f}" r="4.5"/>',
            f"{_key(point.model, *label)}</g>",
        ]
    return _svg(alt, _HEIGHT, (*frame.drawn(), *marks))


def lines(shown: Sequence[Line], x: Axis, y: Axis, alt: str, *, numbered: bool = True) -> str:
    """Return a chart of lines; `numbered`: each has the number of its model at its end."""
    frame = _Frame(x, y)
    marks = [part for line in shown for part in _line(line, frame)]
    if numbered:
        ends = {line.model: frame.at(*last) for line in shown if (last := _last(line))}
        heights = _spread_out({model: top for model, (_, top) in ends.items()})
        marks += [
            f'<g class="{colour(model)}">{_key(model, ends[model][0] + 10, top)}</g>' for model, top in heights.items()
        ]
    return _svg(alt, _HEIGHT, (*frame.drawn(), *marks))


def bars(rows: Sequence[tuple[str, Sequence[Bar]]], largest: float, alt: str) -> str:
    """Return rows of bars from 0 to the `largest` value, each row with its name above."""
    marks, top = [], 0.0
    for name, row in rows:
        marks.append(f'<text class="name" x="0" y="{top + 11:.1f}">{svg_text(_cut(name))}</text>')
        top += _NAME
        for bar in row:
            length = (bar.value or 0) / (largest or 1.0) * (_WIDTH - _VALUE)
            marks.append(
                f'<g class="{colour(bar.model)}"><rect class="dot" x="0" y="{top:.1f}" width="{length:.1f}" '
                f'height="{_BAR - 2}"/><text class="small" x="{length + 4:.1f}" y="{top + 9:.1f}">'
                f"{svg_text(bar.text)}</text></g>"
            )
            top += _BAR
        top += _GAP
    return _svg(alt, top, marks)


def standing_alone(svg: str) -> str:
    """Return a chart as a file of its own: light, as for paper."""
    head, _, body = svg.partition(">")
    return f"{head} {_NAMESPACE}><style>{_rules_alone()}</style>{body}\n"


class _Frame:
    """The field of a chart between two axes."""

    def __init__(self, x: Axis, y: Axis) -> None:
        self._x, self._y = x, y
        self._right, self._bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn."""
        across = (x - self._x.low) / (self._x.high - self._x.low)
        up = (y - self._y.low) / (self._y.high - self._y.low)
        return _LEFT + across * (self._right - _LEFT), self._bottom - up * (self._bottom - _TOP)

    def drawn(self) -> Iterator[str]:
        """Yield the axes with their ticks and words."""
        for value, text in _ticks(self._y):
            _, top = self.at(self._x.low, value)
            yield f'<path class="grid" d="M{_LEFT} {top:.1f}H{self._right}"/>'
            yield f'<text class="end" x="{_LEFT - 5}" y="{top + 4:.1f}">{text}</text>'
        for value, text in _ticks(self._x):
            left, _ = self.at(value, self._y.low)
            yield f'<path class="grid" d="M{left:.1f} {_TOP}V{self._bottom}"/>'
            yield f'<text class="middle" x="{left:.1f}" y="{self._bottom + 16}">{text}</text>'
        middle = (_TOP + self._bottom) / 2
        across, label = (_LEFT + self._right) / 2, svg_text(self._x.label)
        yield f'<text class="middle name" x="{across}" y="{_HEIGHT - 8}">{label}</text>'
        yield (
            f'<text class="middle name" transform="translate(11 {middle}) rotate(-90)">{svg_text(self._y.label)}</text>'
        )


def _ticks(shown: Axis) -> list[tuple[float, str]]:
    """Return round values on an axis with their texts."""
    rough = (shown.high - shown.low) / _TICKS
    power = 10.0 ** math.floor(math.log10(max(rough, 1.0) if shown.counts else rough))
    steps = (1.0, 2.0, 5.0, 10.0) if shown.counts else _ROUND
    step = next(power * one for one in steps if power * one >= rough * 0.999)
    decimals = max(0, -math.floor(math.log10(step)) + (round(step / power, 3) == 2.5))
    first = math.ceil(shown.low / step - 1e-9)
    last = math.floor(shown.high / step + 1e-9)
    return [(number * step, f"{number * step + 0.0:.{decimals}f}") for number in range(first, last + 1)]


def _line(line: Line, frame: _Frame) -> Iterator[str]:
    """Yield the pieces of a line between its gaps."""
    stroke = f' stroke-dasharray="{dashes(line.model)}"' if dashes(line.model) else ""
    for known, piece in groupby(line.points, key=lambda point: all(map(math.isfinite, point))):
        if known:
            places = [frame.at(*point) for point in piece]
            path = "L".join(f"{left:.1f} {top:.1f}" for left, top in places)
            alone = "h0.1" if len(places) == 1 else ""
            yield f'<g class="{colour(line.model)}"><path class="series"{stroke} d="M{path}{alone}"/></g>'


def _last(line: Line) -> tuple[float, float] | None:
    return next((point for point in reversed(line.points) if all(map(math.isfinite, point))), None)


def _free_place(place: tuple[float, float], taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return a place near this one where a number covers nothing; the first beside it where none is free."""
    tries = [(place[0] + x * _APART, place[1] + y * _APART) for x, y in _BESIDE]
    inside = [(x, y) for x, y in tries if _LEFT < x < _WIDTH - 8 and _TOP < y < _HEIGHT - _BOTTOM]
    free = (one for one in inside if all(math.dist(one, other) >= _APART - 0.5 for other in taken))
    return next(free, (inside or tries)[0])


def _spread_out(heights: dict[int, float]) -> dict[int, float]:
    """Move numbers that stand one above the other apart, those below downwards first, and all back into the field."""
    found: dict[int, float] = {}
    least = -math.inf
    for model in sorted(heights, key=lambda one: heights[one]):
        found[model] = max(heights[model], least + _APART)
        least = found[model]
    excess = max(0.0, least - (_HEIGHT - _BOTTOM))
    return {model: top - excess for model, top in found.items()}


def _key(model: int, left: float, top: float) -> str:
    return f'<text class="key middle" x="{left:.1f}" y="{top + 4:.1f}">{model}</text>'


def _svg(alt: str, height: float, parts: Sequence[str]) -> str:
    text = svg_text(alt)
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{text}">{"".join(parts)}</svg>'
    )


def _cut(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
