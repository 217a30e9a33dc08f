"""Read the HTML pages of commands."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET


def read(page: str) -> ET.Element:
    """Read a page as XML, which it is but for its first line, its tags without an end, and a word without a value."""
    return ET.fromstring(re.sub(r"<!DOCTYPE html>|<meta [^>]*>", "", page).replace('"more" open>', '"more">'))


def words(page: str) -> str:
    """Return the text of a page as it is read, without its style."""
    root = read(page)
    root.find("head").remove(root.find("head/style"))
    return " ".join(" ".join(root.itertext()).split())
