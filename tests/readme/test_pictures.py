"""The picture of the READMEs: the same drawing in both languages, and nothing from elsewhere in it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

PICTURES = Path(__file__).resolve().parents[2] / "docs/pictures"
NAMES = ("what-it-does.svg", "what-it-does.zh.svg")
LABELS = ("text", "title")


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _drawing(name: str) -> list[tuple[str, dict[str, str], str | None]]:
    """Return every element with its attributes, without what is read."""
    root = ET.fromstring((PICTURES / name).read_text(encoding="utf-8"))
    return [
        (
            _tag(one),
            {k: v for k, v in one.attrib.items() if k != "aria-label"},
            None if _tag(one) in LABELS else one.text,
        )
        for one in root.iter()
    ]


def test_both_languages_have_one_drawing():
    assert _drawing(NAMES[0]) == _drawing(NAMES[1])


@pytest.mark.parametrize("name", [*NAMES, "recording.svg", "recording.zh.svg"])
def test_a_picture_is_one_small_file_for_light_and_dark_and_has_a_name(name):
    text = (PICTURES / name).read_text(encoding="utf-8")
    assert len(text.encode()) < 200_000
    assert "prefers-color-scheme:dark" in text
    assert re.findall(r"https?://\S+?(?=\")", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|@import|@font-face|url\(|<image|<foreignObject", text)
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == next(one.text for one in root if _tag(one) == "title")
