"""The changes that stamp the checkpoints of a pin: a new file, and lines where checkpoints are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yolopatch.catalog.checkpoint.stamps import Import, StampLine
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.anchors import Anchor, AnchorNotFound, at_entry, below_import
from yolopatch.core.edits import Change, Edit, NewFile
from yolopatch.core.workspace.fork_file import fork_path


def stamp_changes(pin: Pin, lines: Sequence[StampLine], source: str, pristine: Mapping[str, str]) -> list[Change]:
    """Return what the stamp changes in the pin.

    Args:
        lines: all stamp lines of the pin.
        source: the text of the new file.
        pristine: the pin's text of every file that gets a line.

    Raises:
        AnchorNotFound: the code before a line was not found exactly once, and the line is not optional.
    """
    edits = (_insertion(line, pristine[line.path]) for line in lines)
    return [NewFile(fork_path(pin), source), *(edit for edit in edits if edit)]


def _insertion(line: StampLine, text: str) -> Edit | None:
    try:
        anchor = _anchor(line, text)
    except AnchorNotFound:
        if line.optional:
            return None
        raise
    return Edit(line.path, anchor.at, f"{anchor.margin}{line.line}\n")


def _anchor(line: StampLine, text: str) -> Anchor:
    below = line.below
    if not isinstance(below, Import):
        return at_entry(line.path, text, below.keys)
    try:
        return below_import(line.path, text, below.module, below.name)
    except AnchorNotFound:
        if not below.before:
            raise
        return below_import(line.path, text, below.before, below.name)
