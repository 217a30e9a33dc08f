"""The files of an upstream that have its losses."""

from __future__ import annotations

from pathlib import PurePosixPath

from yolopatch.catalog.pins import Pin


def loss_folder(pin: Pin) -> str:
    """Return the folder with the pin's losses."""
    return str(PurePosixPath(pin.layout.parser).parent.parent / "utils")


def loss_file(pin: Pin) -> str:
    """Return the path of the pin's losses."""
    return f"{loss_folder(pin)}/loss.py"


def assigner_file(pin: Pin) -> str:
    """Return the path of the pin's assigner; yolov5 has none."""
    return f"{loss_folder(pin)}/tal.py"
