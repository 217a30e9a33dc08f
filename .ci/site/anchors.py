"""The English anchors in a Chinese page: a page without a Chinese twin links to them, and other sites may."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCED = re.compile(r"^ *(`{3,}).*?^ *\1`*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{2,6}) (.+)$", re.MULTILINE)


def with_anchors(text: str, english: str) -> str:
    """Return a page with the anchors of its English twin in its own headings, if it has the same headings.

    Two pages have the same headings if as many of the same levels follow each other.
    """
    own, theirs = list(_headings(text)), list(_headings(english))
    if [heading[1] for heading in own] != [heading[1] for heading in theirs]:
        return text
    parts, end = [], 0
    for heading, twin in zip(own, theirs):
        parts += [text[end : heading.end()], _anchor(heading[2], twin[2])]
        end = heading.end()
    return "".join([*parts, text[end:]])


def _headings(text: str) -> Iterator[re.Match[str]]:
    """Yield the headings below the title; a line of code may look like one."""
    fences = [fence.span() for fence in _FENCED.finditer(text)]
    for heading in _HEADING.finditer(text):
        if not any(start < heading.start() < end for start, end in fences):
            yield heading


def _anchor(words: str, english: str) -> str:
    named = "{#" in words  # the page itself says what its anchor is
    return "" if named or _slug(words) == _slug(english) else f' <a id="{_slug(english)}"></a>'


def _slug(words: str) -> str:
    """Return the anchor of a heading, as the site and the usual hosts of repositories make it."""
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
