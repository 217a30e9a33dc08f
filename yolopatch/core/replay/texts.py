"""Texts for a three-way merge, and what comes out of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.replay.conflicts import Hunk

_MARKS = re.compile(rb"^(<+|=+|>+)", re.MULTILINE)
_LEAST = 7  # the length of git's markers
_START_OF_FILE = 8000  # where git looks whether a file is text
_CONTEXT = 3


@dataclass(frozen=True)
class Sides:
    """The three texts of a merge with the same line ends, and the line end of the result."""

    before: bytes
    yours: bytes
    ours: bytes
    end: bytes

    @property
    def marker_size(self) -> int:
        """The length of conflict markers that no line of the texts can be taken for."""
        texts = (self.before, self.yours, self.ours)
        return max((len(run) + 1 for text in texts for run in _MARKS.findall(text)), default=_LEAST)


def is_binary(data: bytes) -> bool:
    """Return whether git takes the content for no text."""
    return b"\0" in data[:_START_OF_FILE]


def make_sides(before: bytes, yours: bytes, ours: bytes) -> Sides:
    """Return the texts for a merge. Where one side has changed all line ends of a file, this alone is no conflict."""
    ends = [_line_end(text) for text in (before, yours, ours)]
    if None in ends or len(set(ends)) == 1:
        return Sides(before, yours, ours, b"\n")
    old, mine, new = ends
    end = mine if new == old else new
    assert end
    plain = [text.replace(b"\r\n", b"\n") for text in (before, yours, ours)]
    return Sides(plain[0], plain[1], plain[2], end)


def _line_end(text: bytes) -> bytes | None:
    """Return the line end of a text, None if it has both."""
    windows = text.count(b"\r\n")
    if windows == 0:
        return b"\n"
    return b"\r\n" if windows == text.count(b"\n") else None


def with_ends(text: bytes, sides: Sides) -> bytes:
    """Return a merged text with the line ends that the result shall have."""
    return text if sides.end == b"\n" else text.replace(b"\n", sides.end)


def read_hunks(merged: bytes, sides: Sides) -> tuple[Hunk, ...]:
    """Return the conflicts in a merged text with markers of `sides.marker_size`; the first side is the new base's."""
    return tuple(_read_hunks(_lines(merged), sides.marker_size, _lines(sides.yours)))


def _read_hunks(merged: Sequence[str], size: int, yours: Sequence[str]) -> Iterator[Hunk]:
    start, middle, end = (mark * size for mark in "<=>")
    above: list[str] = []  # the lines of the user's that were passed, and clean lines of ours between them
    base: list[str] | None = None
    mine: list[str] | None = None
    at = 0
    for line in merged:
        if line.startswith(start):
            base, mine = [], None
        elif base is not None and mine is None and line.startswith(middle):
            mine = []
        elif base is not None and mine is not None and line.startswith(end):
            at = _find(mine, above, yours, at)
            yield Hunk(at + 1, tuple(mine), tuple(base))
            at += len(mine)
            above += mine
            base = mine = None
        elif mine is not None:
            mine.append(line)
        elif base is not None:
            base.append(line)
        else:
            above.append(line)


def _find(lines: Sequence[str], above: Sequence[str], text: Sequence[str], start: int) -> int:
    """Return where lines stand in a text, from a place on: best after the same lines as in the merged text."""
    found = [n for n in range(start, len(text) - len(lines) + 1) if list(text[n : n + len(lines)]) == list(lines)]

    def agreeing(place: int) -> int:
        before = zip(reversed(above[-_CONTEXT:]), reversed(text[max(0, place - _CONTEXT) : place]))
        return sum(one == other for one, other in before)

    return max(found, key=agreeing, default=start)


def _lines(text: bytes) -> list[str]:
    return [line.rstrip("\r") for line in text.decode("utf-8", "replace").split("\n")]
