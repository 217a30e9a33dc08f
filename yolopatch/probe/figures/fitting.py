"""Images as upstream's prediction gives them to a model: scaled, with a grey border where they have another form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy
import torch
from torch import Tensor

from ..protocol.refusal import Refusal

_BORDER = 114  # the grey of upstream's borders


@dataclass(frozen=True)
class Fitted:
    """An image that fits a model.

    Attributes:
        tensor: shape (1, 3, height, width), RGB in [0, 1].
        top, left: pixels of the border above and on the left.
        height, width: of the image inside of the border.
        picture: the image at the size at which it is shown: bytes, shape (rows, columns, 3), RGB.
    """

    tensor: Tensor
    top: int
    left: int
    height: int
    width: int
    picture: Any

    def inside(self, heat: Tensor) -> Tensor:
        """Return a map of the tensor's size, shape (height, width), without the border, at the picture's size."""
        cut = heat[self.top : self.top + self.height, self.left : self.left + self.width]
        rows, columns = self.picture.shape[:2]
        larger: Tensor = torch.nn.functional.interpolate(
            cut[None, None], (rows, columns), mode="bilinear", align_corners=False
        )
        return larger[0, 0]

    def box(self, box: Tensor) -> tuple[float, ...]:
        """Return a box, x, y, x, y in pixels of the tensor, in pixels of the picture."""
        rows, columns = self.picture.shape[:2]
        x = [min(max((float(v) - self.left) * columns / self.width, 0), columns) for v in box[0::2]]
        y = [min(max((float(v) - self.top) * rows / self.height, 0), rows) for v in box[1::2]]
        return x[0], y[0], x[1], y[1]


def fit(file: str, imgsz: int, stride: int, *, square: bool, stretched: bool) -> Fitted:
    """Read an image and fit it.

    Args:
        file: its path.
        imgsz: the longer side, a multiple of the stride.
        stride: of the coarsest map; sides are multiples of it.
        square: make both sides `imgsz`, with a border.
        stretched: make both sides `imgsz`, without a border, as upstream does for RT-DETR.

    Raises:
        Refusal: it cannot be read.
    """
    # not cv2.imread, which on some systems cannot open file names with other letters than the system's
    pixels = cv2.imdecode(numpy.fromfile(file, dtype=numpy.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise Refusal(f"{file} cannot be read as an image", hint="remove it, or replace it")
    pixels = numpy.ascontiguousarray(pixels[:, :, ::-1])
    ratio = imgsz / max(pixels.shape[:2])
    rows, columns = (max(1, round(side * ratio)) for side in pixels.shape[:2])
    picture = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if stretched:
        filled = cv2.resize(pixels, (imgsz, imgsz), interpolation=cv2.INTER_LINEAR)
        return Fitted(_tensor(filled), 0, 0, imgsz, imgsz, picture)
    high, wide = (imgsz if square else math.ceil(side / stride) * stride for side in (rows, columns))
    top, left = (high - rows) // 2, (wide - columns) // 2
    bordered = cv2.copyMakeBorder(
        picture, top, high - rows - top, left, wide - columns - left, cv2.BORDER_CONSTANT, value=(_BORDER,) * 3
    )
    return Fitted(_tensor(bordered), top, left, rows, columns, picture)


def _tensor(pixels: Any) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
