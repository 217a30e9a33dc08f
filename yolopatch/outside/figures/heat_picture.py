"""Draw heat maps side by side under one colour scale, as PNG files for print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import log10
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw  # type: ignore[import-untyped, unused-ignore]  # types since 10.1

from yolopatch.core.figures.palette import heat_colours
from yolopatch.outside.figures.fonts import load_fonts
from yolopatch.wire.figures import FoundObject, Heat

DRAWN = 12  # objects on a map, the best ones: more boxes would hide it
_DOTS = 300  # an inch, in print
_GAP, _HEAD, _BAR = 24, 44, 90  # pixels: around tiles, for the titles, for the colour scale below
_TITLE, _SMALL = 26, 20  # pixels: letters, 2.2 and 1.7 mm in print
_OPAQUE = (0.35, 0.85)  # of the colours over the grey image: at the dark and at the light end of the scale
_LIGHT, _DARK = (255, 255, 255), (20, 23, 28)
_DECADES = 4  # of a receptive field: what is darker is less than a ten-thousandth of the largest
_STEPS = 255


_Shown = tuple[str, str, Any]  # a title, a line below, and the image


@dataclass(frozen=True)
class Tile:
    """One model's map, with the model's label, and a line below it."""

    label: str
    heat: Heat
    caption: str = ""


def largest_shown(tiles: Sequence[Tile]) -> float:
    """Return the value at the light end of the one scale: 99.5 % of all pixels lie below it, and it is at least 1."""
    values = sorted(value for tile in tiles for value in _values(tile.heat).resize((64, 64)).getdata())
    return max(1.0, float(values[int(0.995 * (len(values) - 1))]))


def draw_maps(tiles: Sequence[Tile], named: dict[int, str], unit: str, font: Path | None) -> bytes:
    """Return a PNG: the image, then each model's map over it with what the model finds.

    Args:
        tiles: of one image.
        named: how the objects' classes are written, by number.
        unit: what the scale counts.
        font: the file of a font that has all letters.
    """
    top = largest_shown(tiles)
    first = tiles[0].heat
    picture = _picture(first)
    pictures = [("image", "", picture)]
    pictures += [(tile.label, tile.caption, _over(_picture(tile.heat), tile.heat, top)) for tile in tiles]
    title, small = load_fonts(font, (_TITLE, _SMALL))
    for (_, _, drawn), tile in zip(pictures[1:], tiles):
        for one in tile.heat.objects[:DRAWN]:
            _outline(drawn, one, named[one.number], small)
    ticks = {0.0: "0", 0.5: f"{top / 2:.1f}", 1.0: f"{top:.1f} or more"}
    return _page(pictures, ticks, unit, title, small)


def draw_fields(tiles: Sequence[Tile], unit: str, font: Path | None) -> bytes:
    """Return a PNG: each model's effective receptive field, logarithmic, as shares of the largest of all values."""
    top = max((max(_values(tile.heat).getdata()) for tile in tiles), default=0.0)
    pictures = [(tile.label, tile.caption, _logarithmic(tile.heat, top)) for tile in tiles]
    title, small = load_fonts(font, (_TITLE, _SMALL))
    ticks = {n / _DECADES: "1" if n == _DECADES else f"1/{10 ** (_DECADES - n):,}" for n in range(_DECADES + 1)}
    return _page(pictures, ticks, unit, title, small)


def _values(heat: Heat) -> Any:
    return Image.frombytes("F", (heat.width, heat.height), Path(heat.values).read_bytes(), "raw", "F;32F")


def _picture(heat: Heat) -> Any:
    return Image.frombytes("RGB", (heat.width, heat.height), Path(heat.picture).read_bytes())


def _coloured(values: Any) -> Any:
    """Return an image with values from 0 to 255 in the scale's colours."""
    levels = values.convert("L").copy()
    levels.putpalette([part for colour in heat_colours() for part in colour])
    return levels.convert("RGB")


def _over(picture: Any, heat: Heat, top: float) -> Any:
    grey = picture.convert("L").convert("RGB")
    low, high = _OPAQUE
    levels = _values(heat).point(lambda value: value * (_STEPS / top) + 0).convert("L")  # it cuts off what is above
    opaque = levels.point([round(_STEPS * low + level * (high - low)) for level in range(_STEPS + 1)])
    return Image.composite(_coloured(levels), grey, opaque)


def _logarithmic(heat: Heat, top: float) -> Any:
    def level(value: float) -> float:
        return max(0.0, 1 + log10(value / top) / _DECADES) * _STEPS if value > 0 else 0.0

    shown = Image.new("F", (heat.width, heat.height))
    shown.putdata([level(value) for value in _values(heat).getdata()])
    return _coloured(shown)


def _outline(drawn: Any, one: FoundObject, name: str, font: Any) -> None:
    pen = ImageDraw.Draw(drawn)
    left, top, right, bottom = one.box
    pen.rectangle(one.box, outline=_DARK, width=4)
    pen.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=_LIGHT, width=2)
    text = f"{name} {one.score:.2f}"
    box = pen.textbbox((0, 0), text, font=font)
    wide, high = box[2] + 8, box[3] + 6
    x = min(max(left, 0), max(drawn.width - wide, 0))
    y = top - high if top >= high else top
    pen.rectangle((x, y, x + wide, y + high), fill=_LIGHT)
    pen.text((x + 4, y + 2), text, fill=_DARK, font=font)


def _page(
    pictures: Sequence[tuple[str, str, Any]], ticks: dict[float, str], unit: str, title: Any, small: Any
) -> bytes:
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    widths = [
        max(drawn.width, *(pen.textbbox((0, 0), text, font=one)[2] for text, one in ((label, title), (caption, small))))
        for label, caption, drawn in pictures
    ]
    high = max(drawn.height for _, _, drawn in pictures)
    below = 32 if any(caption for _, caption, _ in pictures) else 0
    # small images are narrower than the words below the scale
    wide = max(sum(widths) + _GAP * (len(pictures) + 1), int(pen.textbbox((0, 0), unit, font=small)[2]) + 2 * _GAP)
    size = (wide, _GAP + _HEAD + high + below + _BAR + _GAP)
    page = Image.new("RGB", size, _LIGHT)
    pen, x = ImageDraw.Draw(page), _GAP
    for (label, caption, drawn), width in zip(pictures, widths):
        pen.text((x, _GAP), label, fill=_DARK, font=title)
        page.paste(drawn, (x, _GAP + _HEAD))
        pen.text((x, _GAP + _HEAD + drawn.height + 6), caption, fill=_DARK, font=small)
        x += width + _GAP
    _scale(page, _GAP + _HEAD + high + below + 16, ticks, unit, small)
    file = BytesIO()
    page.save(file, "PNG", dpi=(_DOTS, _DOTS))
    return file.getvalue()


def _scale(page: Any, top: int, ticks: dict[float, str], unit: str, font: Any) -> None:
    """Draw the one colour scale of all maps, with its numbers and what they count."""
    pen, wide, high = ImageDraw.Draw(page), min(512, page.width - 2 * _GAP), 20
    for column, colour in enumerate(heat_colours(wide)):
        pen.line((_GAP + column, top, _GAP + column, top + high), fill=colour)
    for share, text in ticks.items():
        box = pen.textbbox((0, 0), text, font=font)
        x = _GAP + share * wide - box[2] * share
        pen.text((x, top + high + 4), text, fill=_DARK, font=font)
    pen.text((_GAP, top + high + 30), unit, fill=_DARK, font=font)
