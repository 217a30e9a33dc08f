"""Build result lines: name-value pairs, tables, and figures next to the base model's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from yolopatch.core.language.spoken import spoken
from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap

_WIDTH = 76
_NAME_WIDTH = 10


def pairs(named: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield one line for each name and value."""
    for name, value in named:
        title = spoken().translate(name)
        yield f"  {title}{' ' * max(_NAME_WIDTH - cells_of(title), 1)}{spoken().sentence(str(value))}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """Yield a table; the first `left` columns and columns of words are left-aligned, figures right-aligned."""
    header, rows = [*map(spoken().translate, header)], [[*map(spoken().sentence, row)] for row in rows]
    widths = [max(cells_of(row[column]) for row in (header, *rows)) for column in range(len(header))]
    to_the_left = [column < left or not _is_figure(rows, column) for column in range(len(header))]
    for number, row in enumerate((header, *rows)):
        cells = [
            cell + spaces if left_aligned else spaces + cell
            for cell, width, left_aligned in zip(row, widths, to_the_left)
            for spaces in (" " * (width - cells_of(cell)),)
        ]
        yield click.style(("  " + "  ".join(cells)).rstrip(), dim=number == 0)


def _is_figure(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column][:1].isdigit() or row[column][:1] in "+-" for row in rows)


def indented(text: str, margin: str = "  ") -> Iterator[str]:
    """Yield a text in indented lines of at most 80 characters."""
    return iter(wrap(spoken().translate(text), _WIDTH + 2, margin, margin))


def latency_rows(model: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the latency, as built and fused; each argument has the keys of `Latency.data`."""
    for name, key in (("ms for an image, as built", "latency_ms"), ("ms for an image, fused", "latency_fused_ms")):
        median, before = ((figures.get(key) or {}).get("median") for figures in (model, base))
        yield comparison_row(name, median, before, "{:.1f}")
    fps, before = ((figures.get("fps") or {}).get("fused") for figures in (model, base))
    yield comparison_row("images per second (FPS), fused", fps, before, "{:.1f}")


def comparison_row(name: str, value: float | None, base: float | None, form: str = "{:,}") -> tuple[str, str, str, str]:
    """Return a table row: name, figure, base model's figure, change in percent; `-` for an unknown figure."""
    shown, before = ("-" if number is None else form.format(number) for number in (value, base))
    change = f"{(value / base - 1) * 100:+.1f}%" if value is not None and base else "-"
    return name, shown, before, change
