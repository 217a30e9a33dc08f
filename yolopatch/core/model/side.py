"""The sides of images that a model takes."""

from __future__ import annotations

from yolopatch.errors import UsageError

STRIDE = 32  # pixels, of the coarsest feature map of most models


def require_side(imgsz: int) -> None:
    """Check that images of this side give whole feature maps.

    Raises:
        UsageError: the side is no multiple of the stride.
    """
    if imgsz < STRIDE or imgsz % STRIDE:
        raise UsageError(f"--imgsz {imgsz} is not a multiple of the stride {STRIDE}", hint="e.g. --imgsz 640")
