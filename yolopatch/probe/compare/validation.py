"""What a validation gives, and what keeps it from writing into the user's data or running what lies there."""

from __future__ import annotations

import importlib
import importlib.util
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...wire.training import UpstreamFigures


@dataclass(frozen=True)
class Validation:
    """Upstream's figures; the objects as upstream read them and the boxes that it found, one record after the other.

    See `TRUTH` and `FOUND` of the wire for the records.
    """

    figures: UpstreamFigures
    truth: array[float]
    boxes: array[float]


def object_records(labels: Sequence[tuple[Any, Any, tuple[float, float]]]) -> array[float]:
    """Return the records of all objects.

    Args:
        labels: of each image the classes (n,), the boxes (n, 4) as centre and size in shares of the sides, and the
            width and height in pixels.
    """
    records = array("d")
    for image, (classes, boxes, (width, height)) in enumerate(labels):
        for kind, (x, y, w, h) in zip(classes, boxes):
            corners = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
            records.extend((image, float(kind), *map(float, corners)))
    return records


@contextmanager
def replaced(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    """Replace attributes of modules or classes, each given with its new value, for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


class _StillTime:
    """The module time, for upstream's NMS: after some tenths of a second it gives up, and images have no boxes."""

    def __getattr__(self, name: str) -> Any:
        return (lambda: 0.0) if name == "time" else getattr(time, name)


def nms_without_limit(*modules: str) -> tuple[tuple[Any, str, Any], ...]:
    """Return what to replace so that a slow machine changes no figure: the clock of the modules that have an NMS."""
    found = (importlib.import_module(name) for name in modules if importlib.util.find_spec(name))
    return tuple((one, "time", _StillTime()) for one in found if hasattr(one, "time"))


def images_stay() -> tuple[Any, str, Any]:
    """Return what to replace so that upstream writes no image: it "restores" some JPEGs in place."""
    return importlib.import_module("PIL.Image").Image, "save", lambda *_, **__: None
