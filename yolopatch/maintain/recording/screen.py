"""The rows of a terminal, as far as yolopatch's output needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from yolopatch.core.text import cells_of

_SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class Style:
    """How a character looks; no colour is the terminal's own."""

    colour: str = ""
    bold: bool = False
    dim: bool = False


@dataclass(frozen=True)
class Run:
    """Characters of one style that stand together in a row.

    Attributes:
        column: the cell of the first one, from 0.
        text: the characters; a Chinese one takes two cells.
        style: how they look.
    """

    column: int
    text: str
    style: Style


Row = tuple[Run, ...]
_PLAIN = Style()
_BLANK = (" ", _PLAIN)


class Screen:
    """A terminal of any height: rows are never lost above."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        # a cell is a character and its style; the second cell of a Chinese character is empty
        self._cells: list[list[tuple[str, Style]]] = [[]]
        self._row = self._column = 0
        self._style = _PLAIN

    def feed(self, text: str) -> None:
        """Print a text.

        Raises:
            ValueError: it has an escape sequence that is not known here.
        """
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                found = _SEQUENCE.match(text, position)
                if found is None:
                    raise ValueError(f"not known: {text[position : position + 12]!r}")
                self._obey(found[1], found[2])
                position = found.end()
            else:
                self._print(text[position])
                position += 1

    def rows(self) -> tuple[Row, ...]:
        """Return the rows from the first to the last that has something; two spaces and more end a run."""
        rows = [_runs(cells) for cells in self._cells]
        while rows and not rows[-1]:
            rows.pop()
        return tuple(rows)

    def _print(self, letter: str) -> None:
        if letter == "\n":
            self._go_down(1)
        elif letter == "\r":
            self._column = 0
        else:
            self._put(letter)

    def _put(self, letter: str) -> None:
        width = cells_of(letter)
        if self._column + width > self._columns:
            self._go_down(1)
            self._column = 0
        cells = self._cells[self._row]
        cells.extend([_BLANK] * (self._column + width - len(cells)))
        cells[self._column : self._column + width] = [(letter, self._style), *[("", self._style)] * (width - 1)]
        self._column += width

    def _go_down(self, count: int) -> None:
        self._row += count
        self._cells.extend([] for _ in range(self._row + 1 - len(self._cells)))

    def _obey(self, numbers: str, letter: str) -> None:
        count = int(numbers) if numbers.isdigit() else 0
        if letter == "m":
            self._paint(numbers)
        elif letter == "K":
            self._clear_row(count)
        elif letter == "J" and count == 0:
            self._clear_row(0)
            del self._cells[self._row + 1 :]
        elif letter == "A":
            self._row = max(0, self._row - max(1, count))
        elif letter == "B":
            self._go_down(max(1, count))
        elif letter == "G":
            self._column = max(1, count) - 1
        elif numbers not in ("?25", "?2004"):  # the cursor, and how a paste is marked: neither is drawn
            raise ValueError(f"not known: ESC[{numbers}{letter}")

    def _clear_row(self, what: int) -> None:
        cells = self._cells[self._row]
        if what == 0:
            del cells[self._column :]
        elif what == 2:
            cells.clear()
        else:
            cells[: self._column] = [_BLANK] * self._column

    def _paint(self, numbers: str) -> None:
        for number in map(int, filter(None, numbers.split(";") if numbers else ["0"])):
            if number == 0:
                self._style = _PLAIN
            elif number == 1:
                self._style = replace(self._style, bold=True)
            elif number == 2:
                self._style = replace(self._style, dim=True)
            elif number == 22:
                self._style = replace(self._style, bold=False, dim=False)
            elif 30 <= number <= 37 or 90 <= number <= 97:
                self._style = replace(self._style, colour=_COLOURS[number % 10])
            elif number == 39:
                self._style = replace(self._style, colour="")


def _runs(cells: list[tuple[str, Style]]) -> Row:
    runs: list[Run] = []
    column = 0
    while column < len(cells):
        style = cells[column][1]
        end = column
        while end < len(cells) and cells[end][1] == style:
            end += 1
        text = "".join(letter or "\0" for letter, _ in cells[column:end])
        for found in re.finditer(r"\S+(?: \S+)*", text):
            runs.append(Run(column + found.start(), found[0].replace("\0", ""), style))
        column = end
    return tuple(runs)
