"""The seeds of every arm as figures of a page: narrow ones, so that a telephone shows their letters at full size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.ablate.chart import (
    CLASSES,
    LEAST,
    Compared,
    compare_scales,
    draw_dots,
    draw_interval,
    shown_differences,
    spoken,
    tick_texts,
    values_of,
    verdict_words,
)
from yolopatch.core.ablate.table import MAP50_95, Row, Table
from yolopatch.core.ablate.verdicts import BASELINE
from yolopatch.core.figures.axis import Axis, fit
from yolopatch.core.figures.svg import svg_text
from yolopatch.core.text import shorten

_WIDTH, _SIDE = 360, 8  # units, which a telephone shows as pixels: of a figure, and free at both sides
_EDGE = 24  # units free at both ends of an axis: half of a number below its end
_NAME, _STRIP, _TICKS = 20, 30, 20  # units: the heights of an arm's name, of its dots, and of the numbers below all
_LETTERS = 44  # of an arm's name alone on its line
_BESIDE = 24  # of one that has its verdict beside it
_ABOVE, _BELOW = -3, 9  # units from the middle of a strip to the differences, and to their interval


@dataclass(frozen=True)
class SeedFigure:
    """A figure: its pieces lie on each other without a gap, and paper may be cut between two of them."""

    title: str
    how: str
    pieces: tuple[str, ...]


def seed_figures(table: Table) -> list[SeedFigure]:
    """Return the figures of each scale with a finished run: the metric of every seed, and its difference."""
    scales = compare_scales(table)
    gaps = fit(shown_differences(scales), _EDGE, _WIDTH - 2 * _EDGE, LEAST)
    found = []
    for scale in scales:
        letter = scale.rows[0].scale
        found.append(
            SeedFigure(
                f"{MAP50_95} of every seed, scale {letter}",
                "Percent. A dot for each run, with its seed; the bar is their mean.",
                tuple(_of_values(scale)),
            )
        )
        if len(table.plan.arms) > 1:
            found.append(
                SeedFigure(
                    f"Difference to {table.plan.baseline}, scale {letter}",
                    "Points. A dot for each seed that both have; the diamond is their mean, the line its 95% t "
                    "interval. p: of the sign-flip test, corrected by Holm for the arms of a scale.",
                    tuple(_of_differences(scale, gaps)),
                )
            )
    return found


def _of_values(scale: Compared) -> Iterator[str]:
    shown = [one for row in scale.rows for one in values_of(row.sample).values()]
    axis = fit(shown, _EDGE, _WIDTH - 2 * _EDGE, LEAST)
    names = _names(scale.rows, _LETTERS)
    for row in scale.rows:
        yield _piece(row, axis, signed=False, name=names[row.arm], beside="", body=list(_values(row, axis)))
    yield _ticks(axis, signed=False)


def _values(row: Row, axis: Axis) -> Iterator[str]:
    y = _NAME + _STRIP / 2
    yield from draw_dots(axis, values_of(row.sample), y)
    summary = row.map50_95.summary
    if summary:
        x = axis.at(summary.mean)
        yield f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10:.1f}" y2="{y + 10:.1f}"/>'
    else:
        yield f'<text x="{_SIDE}" y="{y + 4:.1f}">no finished run</text>'


def _of_differences(scale: Compared, axis: Axis) -> Iterator[str]:
    arms = [row for row in scale.rows if row.verdict != BASELINE]
    names = _names(arms, _BESIDE)
    for row in arms:
        y = _NAME + _STRIP / 2
        body = [*draw_dots(axis, scale.differences[row.arm], y + _ABOVE)]
        body += draw_interval(axis, row.map50_95.difference, y + _BELOW)
        yield _piece(row, axis, signed=True, name=names[row.arm], beside=verdict_words(row), body=body)
    yield _ticks(axis, signed=True)


def _names(rows: Sequence[Row], letters: int) -> Mapping[str, str]:
    arms = [row.arm for row in rows]
    return dict(zip(arms, shorten(arms, letters)))


def _piece(row: Row, axis: Axis, *, signed: bool, name: str, beside: str, body: Sequence[str]) -> str:
    height = _NAME + _STRIP
    lines = (
        f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_NAME}" y2="{height}"/>'
        for x, kind, _ in tick_texts(axis, signed=signed)
    )
    verdict = f'<text class="end" x="{_WIDTH - _SIDE}" y="14">{svg_text(beside)}</text>' if beside else ""
    return (
        f'<svg class="plot seeds" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{svg_text(spoken(row))}">'
        f'<g class="{CLASSES.get(row.verdict, "other")}"><text class="name" x="{_SIDE}" y="14">{svg_text(name)}</text>'
        f"{verdict}{''.join(lines)}{''.join(body)}</g></svg>"
    )


def _ticks(axis: Axis, *, signed: bool) -> str:
    texts = (f'<text class="middle" x="{x:.1f}" y="13">{text}</text>' for x, _, text in tick_texts(axis, signed=signed))
    return f'<svg class="plot seeds" viewBox="0 0 {_WIDTH} {_TICKS}" aria-hidden="true">{"".join(texts)}</svg>'
