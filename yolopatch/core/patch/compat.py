"""Which lines of a pin's files its fixes change, and the edits that do so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.environment.fixes import Fix
from yolopatch.core.edits import Edit
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError


def broken_lines(fix: Fix, text: str) -> tuple[int, ...]:
    """Return the lines of the unchanged file that a fix changes, counted from 1; once for each occurrence.

    Args:
        fix: a fix of this file.
        text: the file's text, as the pin has it.

    Raises:
        PatchError: the code to fix does not occur as often as the fix says.
    """
    lines = split_lines(text)
    found = tuple(number for number, line in enumerate(lines, start=1) for _ in range(line.count(fix.old)))
    if len(found) != fix.times:
        raise PatchError(
            f"{fix.what} does not match the pin",
            details=[f"expected: {fix.times} times {fix.old!r}", f"found:    {len(found)} times"],
            hint="correct yolopatch/catalog/environment/compat.py, or seeds.py there, then run: make patches",
        )
    return found


def compat_edits(fixes: Sequence[Fix], pristine: Mapping[str, str]) -> list[Edit]:
    """Return one edit for each line that the fixes change.

    Args:
        fixes: all fixes of a pin.
        pristine: the pin's text of every file that they change.

    Raises:
        PatchError: the code to fix does not occur as often as a fix says.
    """
    paths = dict.fromkeys(fix.path for fix in fixes)
    return [
        Edit(path, at, line, replaces=1)
        for path in paths
        for at, line in _fixed_lines([fix for fix in fixes if fix.path == path], pristine[path])
    ]


def _fixed_lines(fixes: Sequence[Fix], text: str) -> list[tuple[int, str]]:
    """Return the changed lines of one file, with their indexes from 0."""
    lines = split_lines(text)
    changed = sorted({number - 1 for fix in fixes for number in broken_lines(fix, text)})
    for at in changed:
        for fix in fixes:
            lines[at] = lines[at].replace(fix.old, fix.new)
    return [(at, lines[at]) for at in changed]
