"""Apply patches to a pin's pristine text.

Module patches only insert lines, and a compatibility patch replaces lines between which no module inserts. Positions
belong to the pristine text, so that any subset of patches in any order gives the same result.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from yolopatch.core.edits import Edit, splice
from yolopatch.core.patch.parsing import FileChange, Patch
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError


@dataclass(frozen=True)
class _RankedEdit:
    """An edit, its patch, and the rank of the patch in the canonical order."""

    edit: Edit
    rank: int
    patch: Patch

    @property
    def order(self) -> tuple[int, bool, int]:
        """The sort key in the file: insertions before a line come before a replacement of the line."""
        return (self.edit.at, self.edit.replaces > 0, self.rank)


def touched(patches: Sequence[Patch]) -> list[str]:
    """Return the pristine files that these patches change, sorted."""
    return sorted({change.path for patch in patches for change in patch.changes if change.new is None})


def compose(pristine: Mapping[str, str], patches: Sequence[Patch], taken: Collection[str] = ()) -> dict[str, str]:
    """Return the text of every file that the patches change or add, by path.

    Args:
        pristine: the pin's text of the files that `touched` names.
        patches: in the canonical order; it decides which patch comes first at the same line.
        taken: every path of the pin; no patch may add a file there.

    Raises:
        PatchError: a patch does not match the pin, or changes lines that another patch replaces.
    """
    result: dict[str, str] = {}
    places: dict[str, list[_RankedEdit]] = {}
    for rank, patch in enumerate(patches):
        for change in patch.changes:
            if change.new is not None:
                _check_free(patch, change.path, (*taken, *pristine, *result))
                result[change.path] = change.new
            else:
                _check_context(pristine, patch, change)
                places.setdefault(change.path, []).extend(_RankedEdit(edit, rank, patch) for edit in change.edits)
    for path, placed in places.items():
        in_order = sorted(placed, key=lambda p: p.order)
        _check_apart(path, in_order)
        result[path] = splice(pristine[path], [placed.edit for placed in in_order])
    return result


def check_compiles(texts: Mapping[str, str]) -> None:
    """Compile every Python file among these texts.

    Raises:
        PatchError: a file does not compile.
    """
    for path in sorted(texts):
        _check_compiles(path, texts[path])


def _check_free(patch: Patch, path: str, taken: Collection[str]) -> None:
    # a new file must not replace a file or a folder
    above = [str(parent) for parent in PurePosixPath(path).parents]
    clash = next((have for have in taken if have == path or have in above or have.startswith(path + "/")), None)
    if clash:
        raise PatchError(
            f"the patch {patch.name} adds {path}, but {clash} exists already",
            hint="restore the patch: reinstall yolopatch, or `make patches` in its checkout",
        )


def _check_context(pristine: Mapping[str, str], patch: Patch, change: FileChange) -> None:
    if change.path not in pristine:
        raise _mismatch(patch, change.path, 0, "a file that the pin has", "no such file")
    lines = split_lines(pristine[change.path])
    for at, expected in change.context:
        found = lines[at] if at < len(lines) else "(end of file)"
        if found != expected:
            raise _mismatch(patch, change.path, at + 1, *_distinguishable(expected, found))


def _distinguishable(expected: str, found: str) -> tuple[str, str]:
    """Return two different lines so that a reader sees the difference: also if it is only white space."""
    if expected.strip() == found.strip():
        return repr(expected), repr(found)
    return expected.rstrip("\n"), found.rstrip("\n")


def _mismatch(patch: Patch, path: str, line: int, expected: str, found: str) -> PatchError:
    return PatchError(
        f"the patch {patch.name} does not match the pin: {path}, line {line}",
        details=[f"expected: {expected}", f"found:    {found}"],
        hint="restore the patch: reinstall yolopatch, or `make patches` in its checkout",
    )


def _check_apart(path: str, in_order: Sequence[_RankedEdit]) -> None:
    """Refuse an edit inside lines that another patch replaces: the result would depend on the order."""
    for before, placed in pairwise(in_order):
        if placed.edit.at < before.edit.end:
            raise PatchError(
                f"the patches {before.patch.name} and {placed.patch.name} conflict with each other: {path}",
                details=[f"one replaces line {before.edit.at + 1}, the other changes line {placed.edit.at + 1}"],
                hint="restore the patches: reinstall yolopatch, or `make patches` in its checkout",
            )


def _check_compiles(path: str, text: str) -> None:
    if not path.endswith(".py"):
        return
    try:
        with warnings.catch_warnings():
            # newer Pythons warn of old escapes in upstream's own strings
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, before Python 3.12
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        raise PatchError(
            f"the patched {path} does not compile: {where}",
            hint="restore the patches: reinstall yolopatch, or `make patches` in its checkout",
        ) from error
