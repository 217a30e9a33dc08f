"""Real images to run a base model on: the photographs that upstream ships, or the user's own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy
import torch
from torch import Tensor

from ..protocol.refusal import Refusal

_SHIPPED = ("ultralytics/assets", "data/images", "yolov5/data/images")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_MOST = 8  # images; with their mirrored copies they have enough positions for the least squares of the widest layers


def photographs(workspace: str, side: int, own: str | None = None) -> Tensor:
    """Return images (N, 3, side, side) in [0, 1], RGB: the middle square of each, and its mirrored copy.

    Args:
        workspace: the folder of the upstream, which ships two images.
        side: in pixels.
        own: a folder with images, or one image, instead of upstream's.

    Raises:
        Refusal: no image was found, or one cannot be read.
    """
    files = _files(Path(own)) if own else [f for folder in _SHIPPED for f in _files(Path(workspace) / folder)]
    if not files:
        raise Refusal(
            f"{own or workspace} has no images",
            f"expected: files that end in {', '.join(_SUFFIXES)}",
            hint="name a folder with --images, best of your own data set",
        )
    images = torch.stack([_square(file, side) for file in files[:_MOST]])
    return torch.cat((images, images.flip(3)))


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    return [file for file in found if file.suffix.lower() in _SUFFIXES]


def _square(file: Path, side: int) -> Tensor:
    # not cv2.imread, which on some systems cannot open file names with other letters than the system's
    pixels = cv2.imdecode(numpy.fromfile(file, dtype=numpy.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise Refusal(f"{file} cannot be read as an image", hint="remove it from the folder, or replace it")
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = cv2.resize(pixels[top : top + edge, left : left + edge], (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square[:, :, ::-1].copy()).permute(2, 0, 1).float() / 255
