"""Where the mends of a pin lie in its files, and what these are with them."""

from __future__ import annotations

from collections.abc import Sequence

from yolopatch.catalog.mends import Mend
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


def mended(mends: Sequence[Mend], text: str) -> list[tuple[int, str]]:
    """Return what takes the place of each line of a file that its mends change, with its index from 0.

    Raises:
        PatchError: what one of them mends is not there as often as it says.
    """
    lines = split_lines(text)
    changed = sorted({number - 1 for mend in mends for number in mend_lines(mend, text)})
    for index in changed:
        for mend in mends:
            lines[index] = lines[index].replace(mend.old, mend.new)
    return [(index, lines[index]) for index in changed]
