"""The top-level parts of a text: a line at the margin, and the lines that belong to it. Each is parsed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.paste.text.lexing import continued

_GOES_ON = re.compile(r"(?:elif|else|except|finally)\b")
_CAN_GO_ON = re.compile(r"(?:if|for|while|try|with|async|elif|else|except)\b")


@dataclass(frozen=True)
class Chunk:
    """A top-level part.

    Attributes:
        first: the index of its first line.
        lines: its lines, without the blank lines and comments at its end.
    """

    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return "".join(self.lines)

    @property
    def end(self) -> int:
        """The index of the first line after it."""
        return self.first + len(self.lines)

    def part(self, start: int, end: int | None = None) -> Chunk:
        """Return some of its lines, from and to an index in it."""
        return Chunk(self.first + start, self.lines[start:end])


def chunks(lines: Sequence[str]) -> Iterator[Chunk]:
    """Yield the top-level parts of a text, in its order; blank lines and comments between them belong to none."""
    starts = _starts(lines)
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        while end > start and _says_nothing(lines[end - 1]):
            end -= 1
        yield Chunk(start, tuple(lines[start:end]))


def _starts(lines: Sequence[str]) -> list[int]:
    found: list[int] = []
    decorated = False
    for number, (line, within) in enumerate(zip(lines, continued(lines))):
        if within or _says_nothing(line) or line[0] in " \t)]}":
            if not found and not _says_nothing(line):
                found.append(number)  # the text starts with an indented line
            continue
        before = lines[found[-1]] if found else ""
        if decorated or (_GOES_ON.match(line) and _CAN_GO_ON.match(before)):
            decorated = line.startswith("@")
            continue
        found.append(number)
        decorated = line.startswith("@")
    return found


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
