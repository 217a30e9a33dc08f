"""Where the stamp of a pin's checkpoints lies in its files, and what is added there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.checkpoint.stamps import Import, Place, fork_path
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import NoPlace, Spot, below_entry, below_import
from yolopatch.core.edits import Change, Edit, NewFile


def stamping(pin: Pin, places: Sequence[Place], source: str, pristine: Mapping[str, str]) -> list[Change]:
    """Return what the stamp adds to the pin.

    Args:
        places: all of the pin.
        source: the text of the file that is added.
        pristine: the pin's text of every file that the places are in.

    Raises:
        NoPlace: what a line belongs below is not there once, and the line is needed.
    """
    lines = (_insertion(place, pristine[place.path]) for place in places)
    return [NewFile(fork_path(pin), source), *(line for line in lines if line)]


def _insertion(place: Place, text: str) -> Edit | None:
    try:
        spot = _spot(place, text)
    except NoPlace:
        if place.optional:
            return None
        raise
    return Edit(place.path, spot.at, f"{spot.margin}{place.line}\n")


def _spot(place: Place, text: str) -> Spot:
    if isinstance(place.below, Import):
        return below_import(place.path, text, place.below.module, place.below.name)
    return below_entry(place.path, text, place.below.keys)
