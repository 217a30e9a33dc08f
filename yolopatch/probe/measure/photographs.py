"""Real images to run a base model on: the photographs that upstream ships, or the user's own."""

from pathlib import Path

import cv2
import numpy
import torch

from ..protocol.refusal import Refusal

_SHIPPED = ("ultralytics/assets", "data/images", "yolov5/data/images")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_MOST = 8  # images: with each mirrored, enough positions for the least squares of the widest layers


def photographs(workspace, side, own=None):
    """Return images [N, 3, side, side] in [0, 1], RGB, each cut to its middle square, and mirrored.

    Args:
        workspace: the folder of the upstream, which ships two.
        side: in pixels.
        own: a folder with images, or one image, instead of upstream's.

    Raises:
        Refusal: there is none, or one cannot be read.
    """
    files = _files(Path(own)) if own else [f for place in _SHIPPED for f in _files(Path(workspace) / place)]
    if not files:
        raise Refusal(
            f"there are no images in {own or workspace}",
            f"expected: files that end in {', '.join(_SUFFIXES)}",
            hint="name some with --images: a folder of your data set's is best",
        )
    images = torch.stack([_square(file, side) for file in files[:_MOST]])
    return torch.cat((images, images.flip(3)))


def _files(place):
    found = [place] if place.is_file() else sorted(place.glob("*")) if place.is_dir() else []
    return [file for file in found if file.suffix.lower() in _SUFFIXES]


def _square(file, side):
    # not cv2.imread, which knows no file names beyond the system's own letters on some systems
    pixels = cv2.imdecode(numpy.fromfile(file, dtype=numpy.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise Refusal(f"{file} cannot be read as an image", hint="take it out of the folder, or mend it")
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = cv2.resize(pixels[top : top + edge, left : left + edge], (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(square[:, :, ::-1].copy()).permute(2, 0, 1).float() / 255
