"""The numbers of a scale, where the scale comes from, and what they make of a row's channels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .subject import Subject

Entry = list[Any]
"""[depth, width, max_channels] of a scale; the last is None where upstream has no such limit."""


def letter_of(subject: Subject) -> Any:
    """Return the scale that is verified; like upstream, the first of the file's table where none is named."""
    return subject.scale or default_letter(subject.data)


def default_letter(data: Mapping[str, Any]) -> Any:
    """Return the scale that upstream builds of parsed data: the one that it names, else the first of its table."""
    return data.get("scale") or next(iter(data.get("scales") or ()), None)


def entry_of(data: Mapping[str, Any], letter: Any) -> Entry | None:
    """Return the numbers of a parsed file at a scale; None where it has no such scale."""
    if data.get("scales"):
        found = data["scales"].get(letter)
        return None if found is None else [float(found[0]), float(found[1]), found[2]]
    return [float(data.get("depth_multiple", 1)), float(data.get("width_multiple", 1)), None]


def scaled_channels(subject: Subject, channels: int | None) -> int | None:
    """Return what upstream makes of a row's number of channels at the subject's scale."""
    entry = entry_of(subject.data, default_letter(subject.data))
    if channels is None or entry is None:
        return None
    most, width = entry[2] or math.inf, float(entry[1])
    return math.ceil(min(channels, most) * width / 8) * 8


def part_of_name(subject: Subject) -> str:
    """Return the part of the file's name that upstream takes the scale from, `yolo11m`; empty where it takes none.

    Upstream finds the letter right behind the version, also where it is the first of a word.
    """
    stem = subject.cfg.stem
    if not subject.upstream.scale_in_name(stem):
        return ""
    return next(part for part in (stem[:end] for end in range(len(stem) + 1)) if subject.upstream.scale_in_name(part))


def is_begun_word(subject: Subject) -> bool:
    """Return whether the scale's letter in the file's name is the first of a word: the m of `yolo11mamba`."""
    part = part_of_name(subject)
    rest = subject.cfg.stem[len(part) :]
    return bool(part) and rest[:1].isalpha()
