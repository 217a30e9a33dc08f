"""The grid of four short runs that tests of both engines train."""

from __future__ import annotations

PIN = "ultralytics-8.3.0"
OF_ULTRALYTICS = "batch = 4\nplots = false"
OF_YOLOV5 = "batch_size = 4\nlr0 = 0.02"
SPCONV = """name = "SPConv"
module = ["SPConv"]
placement = ["backbone-down"]"""
_TEXT = """
model = "{pin}"
scales = ["n"]
data = "shapes/data.yaml"
seeds = [0, 1]
baseline = "base"
compat = {compat}

[[arm]]
name = "base"

[[arm]]
{arm}

[train]
epochs = {epochs}
imgsz = 64
workers = 0
device = "cpu"
{more}
"""


def grid_text(pin: str = PIN, *, compat: bool, epochs: int = 2, more: str = OF_ULTRALYTICS, arm: str = SPCONV) -> str:
    """Return the text of the grid; `more` are further arguments of the pin's own, `arm` stands beside the base."""
    return _TEXT.format(pin=pin, compat=str(compat).lower(), epochs=epochs, more=more, arm=arm)
