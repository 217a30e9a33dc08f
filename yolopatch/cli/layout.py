"""Build result lines: name-value pairs, tables, and figures next to the base model's."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from yolopatch.core.language.spoken import Finished, spoken
from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap

_WIDTH = 76
_NAME_WIDTH = 10
_GAP = 2  # cells in front of every column
_LEAST = 12  # cells of a wrapped column: in fewer, nobody reads
_ANY_WIDTH = 10_000


def badge(words: str, colour: str) -> str:
    """Return words of ours that begin or head a result, painted."""
    return click.style(spoken().translate(words), fg=colour, bold=True)


def to_the_left(word: str, width: int) -> str:
    """Return a word of ours with blanks behind it, up to as many cells."""
    return _padded(spoken().translate(word), width, True)


def to_the_right(word: str, width: int) -> str:
    """Return a word of ours with blanks in front of it, up to as many cells."""
    return _padded(spoken().translate(word), width, False)


def pairs(named: Iterable[tuple[str, object]], margin: str = "  ") -> Iterator[Finished]:
    """Yield each name and value; a long value goes on below itself, and a finished one, as a command is, does not."""
    for name, value in named:
        title = spoken().translate(name)
        head = f"{margin}{title}{' ' * max(_NAME_WIDTH - cells_of(title), 1)}"
        if isinstance(value, Finished):
            yield Finished(f"{head}{value}")
        else:
            yield from fitted(f"{head}{spoken().sentence(str(value))}", len(margin) + _NAME_WIDTH)


def command(text: str, margin: str = "") -> Finished:
    """Return a line with a command, which is copied: no terminal is so narrow that it is broken."""
    return Finished(margin + spoken().translate(text))


def fitted(line: str, goes_on: int | None = None) -> list[Finished]:
    """Return a finished line as lines that fit the terminal; a name that is longer than these stays whole.

    Args:
        line: a translated line, which may begin with blanks.
        goes_on: how many blanks begin each further line; without it two more than begin the first.
    """
    width = terminal_width()
    if not width or cells_of(line) <= width:
        return [Finished(line)]
    blanks = len(line) - len(line.lstrip(" "))
    goes_on = blanks + 2 if goes_on is None else goes_on
    return wrap(line, width, " " * blanks, " " * (goes_on if goes_on <= width // 2 else blanks + 2), whole=True)


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: int, colours: Sequence[str | None] = ()
) -> Iterator[str]:
    """Yield a table; the first `left` columns and columns of words are left-aligned, figures right-aligned.

    On a terminal that is narrower, the last column of words is wrapped; where nothing is left for it, each row becomes
    a block with a line for each of its columns. What is piped, or written to a file, keeps one line for a row.

    Args:
        header: the title of each column.
        rows: the cells.
        left: how many columns are left-aligned whatever they hold.
        colours: of each row, None for none; without any, no row has one.
    """
    header, rows = [*map(spoken().translate, header)], [[*map(spoken().sentence, row)] for row in rows]
    widths = [max(cells_of(row[column]) for row in (header, *rows)) for column in range(len(header))]
    to_the_left = [column < left or not _is_figure(rows, column) for column in range(len(header))]
    over = sum(widths) + _GAP * len(widths) - (terminal_width() or _ANY_WIDTH)
    wrapped = max((column for column, is_left in enumerate(to_the_left) if is_left), default=0)
    if over > 0 and widths[wrapped] - over < min(_LEAST, widths[wrapped]):
        yield from _blocks(header, rows, colours)
        return
    widths[wrapped] -= max(over, 0)
    for row, colour in zip((header, *rows), (None, *(colours or [None] * len(rows)))):
        for line in _lines(row, widths, to_the_left, wrapped):
            yield Finished(click.style(line, dim=row is header, fg=colour) if colour or row is header else line)


def _lines(row: Sequence[str], widths: Sequence[int], to_the_left: Sequence[bool], wrapped: int) -> Iterator[str]:
    """Yield the lines of a row; those of its wrapped cell go on below it."""
    parts = wrap(row[wrapped], widths[wrapped]) if cells_of(row[wrapped]) > widths[wrapped] else [row[wrapped]]
    for number, part in enumerate(parts):
        cells = [part if column == wrapped else "" if number else cell for column, cell in enumerate(row)]
        yield "".join(" " * _GAP + _padded(*one) for one in zip(cells, widths, to_the_left)).rstrip()


def _padded(cell: str, width: int, to_the_left: bool) -> str:
    spaces = " " * (width - cells_of(cell))
    return cell + spaces if to_the_left else spaces + cell


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str | None]) -> Iterator[str]:
    """Yield each row as lines: its first cell, and below it each other one behind the title of its column."""
    for row, colour in zip(rows, colours or [None] * len(rows)):
        for line in _in_block(row[0], "  "):
            yield Finished(click.style(line, fg=colour) if colour else line)
        for title, cell in zip(header[1:], row[1:]):
            yield from _in_block(f"{title}  {cell}".strip(), "    ")


def _in_block(text: str, margin: str) -> list[Finished]:
    return wrap(text, terminal_width() or _ANY_WIDTH, margin, margin)


def terminal_width() -> int | None:
    """Return how many cells a line of the terminal has, or of `COLUMNS`; None where results go elsewhere."""
    return shutil.get_terminal_size((0, 0)).columns or None


def _is_figure(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column][:1].isdigit() or row[column][:1] in "+-" for row in rows)


def indented(text: str, margin: str = "  ") -> Iterator[Finished]:
    """Yield a text in indented lines of at most 80 cells, or as many as the terminal has."""
    return quoted(spoken().translate(text), margin)


def quoted(text: str, margin: str = "  ") -> Iterator[Finished]:
    """Yield a text that is not ours, such as the title of a paper, in lines as `indented` does, untranslated."""
    return iter(wrap(text, min(_WIDTH + 2, terminal_width() or _ANY_WIDTH), margin, margin))


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
    return spoken().translate(name), shown, before, change
