"""Image files: draw a scene, and check that a file can be read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import (  # type: ignore[import-untyped, unused-ignore]  # Pillow has types since 10.1
    Image,
    ImageDraw,
    UnidentifiedImageError,
)

from yolopatch.core.data.shapes import Shape

_GRAIN = 10  # side of a background patch, in pixels
_DARKEST, _BRIGHTEST = 80, 176
# What upstream takes, as Pillow names it: MPO opens as JPEG, DNG as TIFF. Without it, EPS goes to Ghostscript.
_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
_SMALLEST_SIDE = 10  # upstream refuses smaller images


def draw_scene(shapes: Iterable[Shape], side: int, random: Random) -> bytes:
    """Return a PNG file: the shapes on a background of soft grey noise."""
    patches = side // _GRAIN + 1
    greys = bytes(random.randint(_DARKEST, _BRIGHTEST) for _ in range(patches**2))
    noise = Image.frombytes("L", (patches, patches), greys)
    image = noise.resize((side, side), Image.Resampling.BILINEAR).convert("RGB")
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        pen.polygon(shape.outline(), fill=shape.colour)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def find_image_fault(path: Path) -> str:
    """Return why upstream could not use an image file, "" if it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large image, which upstream reads
            with Image.open(path, formats=_FORMATS) as image:
                image.load()
                width, height = image.size
    except UnidentifiedImageError:
        return f"cannot be read: not an image of a format that upstream takes ({', '.join(_FORMATS)})"
    except Exception as error:  # a stranger's bytes: Pillow's readers raise every kind, and upstream catches every kind
        return f"cannot be read: {error or type(error).__name__}"
    return "" if min(width, height) >= _SMALLEST_SIDE else f"is {width} × {height} pixels, less than {_SMALLEST_SIDE}"
