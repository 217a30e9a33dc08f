"""Get the patch of a user's own module back from the texts in a workspace's commits, without the user's catalog."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from yolopatch.catalog.pins import Pin
from yolopatch.core.edits import Edit, NewFile
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.core.text import sha256, split_lines
from yolopatch.core.workspace.commit_message import Applied

_MOST_READINGS = 200  # each is a patch that has to be written; a usual commit has one to six


@dataclass(frozen=True)
class Versions:
    """A file's text in the pin, before the module's commit, and after it; None where the file does not exist."""

    pristine: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True)
class _Insertion:
    """The lines `start` to `end` of the new text; they come before line `at` of the old text."""

    at: int
    start: int
    end: int


def recover_own_patch(pin: Pin, applied: Applied, changed: Mapping[str, Versions]) -> str | None:
    """Return the text of the patch that a module's commit was made from; it has the sum in the commit message.

    Inserted lines that equal their neighbours can be read in several ways. They give the same text in this workspace,
    but not with other modules. The sum tells which one is the patch.

    Args:
        pin: the pin of the workspace.
        applied: what the commit message says.
        changed: the versions of every file that the commit changes, by path.

    Returns:
        None if no reading has the sum: another version of yolopatch wrote the patch in another form, or the commit does
        more than insert lines and add files.
    """
    added = [NewFile(path, texts.after) for path, texts in changed.items() if texts.before is None and texts.after]
    edited = {path: texts for path, texts in changed.items() if texts.before is not None}
    pristine = {path: texts.pristine or "" for path, texts in edited.items()}
    readings = [_readings(path, texts) for path, texts in edited.items()]
    for edits in itertools.islice(itertools.product(*readings), _MOST_READINGS):
        text = write_own_patch(pin, applied.name, applied.paper, [*added, *itertools.chain(*edits)], pristine)
        if sha256(text.encode("utf-8", "surrogateescape")) == applied.patch_sum:
            return text
    return None


def _readings(path: str, texts: Versions) -> list[list[Edit]]:
    """Return the ways to read the changes of a file as insertions into the pin's text."""
    if texts.pristine is None or texts.before is None or texts.after is None:
        return []
    pristine, before, after = map(split_lines, (texts.pristine, texts.before, texts.after))
    origins = _origins(pristine, before)
    insertions = _insertions(before, after)
    shifted = [_shifted(insertions, number, after) for number in range(len(insertions))]
    return [
        [Edit(path, origins[one.at], "".join(after[one.start : one.end])) for one in chosen]
        for chosen in itertools.islice(itertools.product(*shifted), _MOST_READINGS)
    ]


def _origins(pristine: Sequence[str], before: Sequence[str]) -> list[int]:
    """Return, for each line of the text and for its end, the line of the pin that it is or that comes next."""
    own: list[int | None] = [None] * len(before)
    for kind, start, end, first, last in SequenceMatcher(None, pristine, before, autojunk=False).get_opcodes():
        if kind == "equal":
            own[first:last] = range(start, end)
        elif kind == "replace":  # by a compatibility fix
            own[first] = start
    found = [len(pristine)]
    for line in reversed(own):
        found.append(found[-1] if line is None else line)
    return found[::-1]


def _insertions(before: Sequence[str], after: Sequence[str]) -> list[_Insertion]:
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [_Insertion(at, start, end) for kind, at, _, start, end in steps if kind == "insert"]


def _shifted(insertions: Sequence[_Insertion], number: int, after: Sequence[str]) -> list[_Insertion]:
    """Return the insertion, and every other one between its neighbours that gives the same text."""
    one = insertions[number]
    lowest = insertions[number - 1].end if number else 0
    highest = insertions[number + 1].start if number + 1 < len(insertions) else len(after)
    return [one, *_upwards(one, after, lowest), *_downwards(one, after, highest)]


def _upwards(one: _Insertion, after: Sequence[str], lowest: int) -> Iterator[_Insertion]:
    at, start, end = one.at, one.start, one.end
    while start > lowest and after[start - 1] == after[end - 1]:
        at, start, end = at - 1, start - 1, end - 1
        yield _Insertion(at, start, end)


def _downwards(one: _Insertion, after: Sequence[str], highest: int) -> Iterator[_Insertion]:
    at, start, end = one.at, one.start, one.end
    while end < highest and after[start] == after[end]:
        at, start, end = at + 1, start + 1, end + 1
        yield _Insertion(at, start, end)
