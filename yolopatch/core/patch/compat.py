"""Where the mends of a pin lie in its files, and what these are with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.environment.compat import Mend
from yolopatch.core.edits import Edit
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError


def mend_lines(mend: Mend, text: str) -> tuple[int, ...]:
    """Return the lines of the pin's unchanged file that the mend changes, counted from 1.

    Args:
        mend: one of its file.
        text: the file's text, as the pin has it.

    Raises:
        PatchError: what it mends is not there as often as it says.
    """
    lines = split_lines(text)
    found = tuple(number for number, line in enumerate(lines, start=1) for _ in range(line.count(mend.old)))
    if len(found) != mend.times:
        raise PatchError(
            f"the mend of {mend.path} for {mend.library} {mend.since} does not match the pin",
            details=[f"expected: {mend.times} times {mend.old!r}", f"found:    {len(found)} times"],
            hint="correct yolopatch/catalog/mends.py, then `make patches`",
        )
    return found


def mended(mends: Sequence[Mend], pristine: Mapping[str, str]) -> list[Edit]:
    """Return what takes the place of every line that the mends change.

    Args:
        mends: all of a pin.
        pristine: the pin's text of every file that they are in.

    Raises:
        PatchError: what one of them mends is not there as often as it says.
    """
    paths = dict.fromkeys(mend.path for mend in mends)
    return [
        Edit(path, at, line, replaces=1)
        for path in paths
        for at, line in _changed([mend for mend in mends if mend.path == path], pristine[path])
    ]


def _changed(mends: Sequence[Mend], text: str) -> list[tuple[int, str]]:
    """Return the changed lines of one file, with their indexes from 0."""
    lines = split_lines(text)
    changed = sorted({number - 1 for mend in mends for number in mend_lines(mend, text)})
    for at in changed:
        for mend in mends:
            lines[at] = lines[at].replace(mend.old, mend.new)
    return [(at, lines[at]) for at in changed]
