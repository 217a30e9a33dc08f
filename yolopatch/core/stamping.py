"""Where the stamp of a pin's checkpoints lies in its files, and what is added there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.stamps import Place, fork_path
from yolopatch.core.text import split_lines
from yolopatch.core.upstream import Addition
from yolopatch.errors import PatchError


def stamping(pin: Pin, places: Sequence[Place], source: str, pristine: Mapping[str, str]) -> list[Addition]:
    """Return what the stamp adds to the pin.

    Args:
        places: all of the pin.
        source: the text of the file that is added.
        pristine: the pin's text of every file that the places are in.

    Raises:
        PatchError: the line below which one belongs is not there once.
    """
    return [Addition(fork_path(pin), None, source), *(_insertion(place, pristine[place.path]) for place in places)]


def _insertion(place: Place, text: str) -> Addition:
    lines = split_lines(text)
    found = [number for number, line in enumerate(lines) if line.strip() == place.below]
    if len(found) != 1:
        raise PatchError(
            f"the stamp's place in {place.path} does not match the pin",
            details=[f"expected: once the line {place.below!r}", f"found:    {len(found)} times"],
            hint="correct yolopatch/catalog/stamps.py, then `make patches`",
        )
    line = lines[found[0]]
    margin = line[: len(line) - len(line.lstrip())]
    return Addition(place.path, found[0] + 1, f"{margin}{place.line}\n")
