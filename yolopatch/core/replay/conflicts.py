"""Why a file of a user's commit cannot be brought to another base, as a user reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.core.replay.three_way import Contested, Files

SAME_LINES = "your commit and yolopatch's both change these lines"
BOTH_ADD = "your commit adds this file, and yolopatch adds another one"
YOU_DELETE = "your commit deletes it, and yolopatch changes it"
WE_DELETE = "your commit changes it, and it is gone without the module"
YOU_MOVE = "your commit moves it, and it is gone without the module"
NO_FILE = "your commit makes it a link or a submodule, or it is one"
BINARY = "your commit and yolopatch's both change it, and it is no text"
FOLDER = "it is a file on one side and a folder on the other"

_SHOWN = 4  # lines of each side


@dataclass(frozen=True)
class Hunk:
    """Lines that both sides change.

    Attributes:
        line: where they begin in the file of the user's commit, from 1.
        yours: the lines there; none if the commit deletes them.
        base: the lines that the new base has instead.
    """

    line: int
    yours: tuple[str, ...]
    base: tuple[str, ...]


@dataclass(frozen=True)
class FileConflict:
    """A file of a commit that conflicts with the new base; it has hunks where texts conflict."""

    path: str
    why: str
    hunks: tuple[Hunk, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield it as text, each hunk with its first lines."""
        if not self.hunks:
            yield f"{self.path}: {self.why}"
        for hunk in self.hunks:
            yield f"{self.path}, line {hunk.line}: {self.why}"
            yield from _side("yours:", hunk.yours)
            yield from _side("yolopatch's:", hunk.base)


def _side(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    for number, line in enumerate(lines[:_SHOWN] or ("(nothing)",)):
        yield f"  {name if number == 0 else '':<13}{line}"
    if len(lines) > _SHOWN:
        yield f"  {'':<13}and {len(lines) - _SHOWN} more"


def contested_files(one: Contested) -> Files | str:
    """Return the three files of a contested path; or why it conflicts, where not each side has a file."""
    if one.yours is None:
        return YOU_DELETE
    if one.ours is None:
        return YOU_MOVE if one.moved_from else WE_DELETE
    if one.before is None:
        return BOTH_ADD
    files = Files(one.before, one.yours, one.ours)
    return files if all(side.is_regular for side in (one.before, one.yours, one.ours)) else NO_FILE
