"""Changes of files as data: lines that go into one, and files that are new; and the text with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yolopatch.core.text import split_lines


@dataclass(frozen=True)
class Edit:
    """Lines that go into a file.

    Attributes:
        path: the file.
        at: the index from 0 of the line that they go before; the number of lines for the file's end.
        text: the lines.
        replaces: how many lines of the file they replace, from `at` on.
    """

    path: str
    at: int
    text: str
    replaces: int = 0

    @property
    def end(self) -> int:
        """The index of the first line after the edit that stays."""
        return self.at + self.replaces

    @property
    def lines(self) -> tuple[str, ...]:
        """The text as lines, newlines included."""
        return tuple(split_lines(self.text))


@dataclass(frozen=True)
class NewFile:
    """A file that is added."""

    path: str
    text: str


Change = Edit | NewFile


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Return a file's text with edits.

    Args:
        text: the file's, to which every `at` belongs.
        edits: sorted by `at`; those at the same line keep this order.
    """
    lines = split_lines(text)
    out: list[str] = []
    done = 0
    for edit in edits:
        out += [*lines[done : edit.at], edit.text]
        done = max(done, edit.end)
    return "".join([*out, *lines[done:]])
