"""Read the HTML pages of commands."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

_UNSEEN = ("style", "script", "dialog")


def read(page: str) -> ET.Element:
    """Read a page as XML, which it is but for its first line, its tags without an end, and its script."""
    bare = re.sub(r"<!DOCTYPE html>|<meta [^>]*>|(?<=<script>).*?(?=</script>)", "", page, flags=re.DOTALL)
    return ET.fromstring(bare)


def words(page: str) -> str:
    """Return the text of a page as it is read, without its style, and without what only a script shows."""
    root = read(page)
    _drop(root, lambda one: one.tag in _UNSEEN or "needs-script" in one.get("class", "").split())
    return " ".join(" ".join(root.itertext()).split())


def _drop(element: ET.Element, is_dropped: Callable[[ET.Element], bool]) -> None:
    for child in [*element]:
        if is_dropped(child):
            element.remove(child)
        else:
            _drop(child, is_dropped)
