"""Find a font of the system that has the letters of a text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ImageFont  # type: ignore[import-untyped, unused-ignore]  # Pillow has types since 10.1

from yolopatch.outside.environment.upstream_settings import FONTS, shared_settings_folder

_SUFFIXES = (".ttf", ".otf", ".ttc")
# Names in files of fonts with Chinese letters, and of the plainest fonts: to be tried first, there may be thousands.
_FIRST = ("notosanscjk", "sourcehansans", "wqy", "msyh", "simhei", "pingfang", "heiti", "fallback", "unicode")
_PLAIN = ("dejavusans.", "liberationsans-regular", "arial.", "helvetica", "segoeui.")
_NO_LETTER = "\uffff"  # it is none in any font: each draws its sign for what it lacks


def font_folders() -> tuple[Path, ...]:
    """Return the folders in which systems keep fonts, and that of the fonts that upstream has downloaded."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        system = [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    elif sys.platform == "darwin":
        system = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    else:
        system = [
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            home / ".local/share/fonts",
            home / ".fonts",
        ]
    return (*system, shared_settings_folder())


def find_font(text: str, folders: tuple[Path, ...] | None = None) -> Path | None:
    """Return the file of a font that has every letter of a text, None where there is none.

    Args:
        text: what is to be drawn.
        folders: where to look; None for the system's.
    """
    letters = "".join(sorted({letter for letter in text if letter.isprintable() and not letter.isspace()}))
    return next((file for file in _files(folders or font_folders()) if _has(file, letters)), None)


@cache
def _files(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    found = {file for folder in folders for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES}
    return tuple(sorted(found, key=lambda file: (_rank(file.name.lower()), str(file))))


def _rank(name: str) -> int:
    """Order fonts: the plain ones, those with Chinese letters, then all others."""
    if any(name.startswith(plain) for plain in (*_PLAIN, FONTS[0].lower())):
        return 0
    return 1 if any(part in name for part in _FIRST) else 2


def _has(file: Path, letters: str) -> bool:
    try:
        font = ImageFont.truetype(str(file), 20)
        missing = _drawn(font, _NO_LETTER)
        return all(_drawn(font, letter) != missing for letter in letters)
    except (OSError, ValueError):  # not a font, or a damaged one
        return False


def _drawn(font: Any, letter: str) -> tuple[bytes, object]:
    mask = font.getmask(letter)
    return bytes(mask), mask.size


def load_fonts(file: Path | None, sizes: tuple[int, ...]) -> Iterator[Any]:
    """Yield the font in these sizes, in pixels; Pillow's own plain one where there is no file."""
    for size in sizes:
        yield ImageFont.truetype(str(file), size) if file else ImageFont.load_default()
