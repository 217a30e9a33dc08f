"""Wrap text at the width of a terminal, in which a Chinese character takes two cells and ends no word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from yolopatch.core.language.spoken import Finished
from yolopatch.core.text import cells_of

# A line begins with none of the first, and ends with none of the second.
_CLOSING = ",.;:!?%)]}\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}、。，；：！？）】》」』…"
_OPENING = "([{\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}（【《「『"
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
_PIECE = (
    rf"( *)([{re.escape(_OPENING)}]*(?:{_WIDE}|(?:(?!{_WIDE})[^ ])+)[{re.escape(_CLOSING)}]*|[{re.escape(_OPENING)}]+)"
)


def wrap(text: str, width: int, first: str = "", others: str = "", whole: bool = False) -> list[Finished]:
    """Return a translated text as lines of at most `width` cells.

    Args:
        text: in words; names, options and files are words, whatever signs they have.
        width: of a line.
        first: what starts the first line.
        others: what starts each further one.
        whole: whether a word that is longer than a line stays in one, where it is; else it is cut.
    """
    most = max(width - cells_of(others), 2)
    lines: list[str] = []
    line, used, is_empty = first, cells_of(first), True
    for space, piece in _pieces(re.sub(r"\s", " ", text.strip()), None if whole else most):
        added = piece if is_empty else space + piece
        if not is_empty and used + cells_of(added) > width and cells_of(piece) <= most:
            lines.append(line)
            line, used, added = others, cells_of(others), piece
        line, used, is_empty = line + added, used + cells_of(added), False
    return [*map(Finished, lines if is_empty else [*lines, line])]


def _pieces(text: str, most: int | None) -> Iterator[tuple[str, str]]:
    """Yield each piece that stays in one line, and the space before it."""
    for found in _compiled(_PIECE).finditer(text):
        space, piece = found[1], found[2]
        while most is not None and cells_of(piece) > most:
            start = _start(piece, most)
            yield space, start
            space, piece = "", piece[len(start) :]
        yield space, piece


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed."""
    return re.compile(pattern)


def _start(text: str, width: int) -> str:
    """Return as much of the start of a text as fits, at least one character."""
    for number in range(1, len(text)):
        if cells_of(text[: number + 1]) > width:
            return text[:number]
    return text
