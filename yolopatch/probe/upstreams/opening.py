"""Import the upstream of a workspace."""

from __future__ import annotations

from .of_ultralytics import Ultralytics
from .of_yolov5 import Yolov5
from .upstream import Upstream


def open_upstream(style: str) -> Upstream:
    """Import the workspace's upstream.

    Args:
        style: `ultralytics`, `yolov5`, or `yolov5-package`.
    """
    if style == "ultralytics":
        return Ultralytics()
    return Yolov5("yolov5." if style == "yolov5-package" else "")
