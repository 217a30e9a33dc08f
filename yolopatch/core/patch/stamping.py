"""Where the stamp of a pin's checkpoints lies in its files, and what is added there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.checkpoint.stamps import Import, StampLine, fork_path
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import Anchor, AnchorNotFound, below_entry, below_import
from yolopatch.core.edits import Change, Edit, NewFile


def stamping(pin: Pin, places: Sequence[StampLine], source: str, pristine: Mapping[str, str]) -> list[Change]:
    """Return what the stamp adds to the pin.

    Args:
        places: all of the pin.
        source: the text of the file that is added.
        pristine: the pin's text of every file that the places are in.

    Raises:
        AnchorNotFound: what a line belongs below is not there once, and the line is needed.
    """
    lines = (_insertion(place, pristine[place.path]) for place in places)
    return [NewFile(fork_path(pin), source), *(line for line in lines if line)]


def _insertion(place: StampLine, text: str) -> Edit | None:
    try:
        anchor = _anchor(place, text)
    except AnchorNotFound:
        if place.optional:
            return None
        raise
    return Edit(place.path, anchor.at, f"{anchor.margin}{place.line}\n")


def _anchor(place: StampLine, text: str) -> Anchor:
    if isinstance(place.below, Import):
        return below_import(place.path, text, place.below.module, place.below.name)
    return below_entry(place.path, text, place.below.keys)
