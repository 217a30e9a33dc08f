"""The entries of the page of errors, as both languages have them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "docs" / "faq.md", "zh": ROOT / "docs" / "faq.zh.md"}
_HEADING = re.compile(r"^(##+) (.+) \{#([a-z0-9-]+)\}$", re.MULTILINE)
_PRINTED = re.compile(r"^```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^```\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Entry:
    """One question.

    Attributes:
        group: the anchor of its group.
        anchor: its own.
        heading: its heading as written.
        body: what stands below.
    """

    group: str
    anchor: str
    heading: str
    body: str

    @property
    def texts(self) -> list[str]:
        """The texts of an error or a summary that its heading quotes."""
        return _INLINE.findall(self.heading)

    @property
    def printed(self) -> list[str]:
        """What the commands print, by the entry."""
        return _PRINTED.findall(self.body)

    @property
    def commands(self) -> list[list[str]]:
        """The words of each line that begins with yolopatch, in blocks and in the text; names alone are left out."""
        blocks = [line for block in _TYPED.findall(self.body) for line in block.splitlines()]
        inline = _INLINE.findall(re.sub(r"^```.*?^```$", "", self.body, flags=re.MULTILINE | re.DOTALL))
        lines = (shlex.split(line) for line in (*blocks, *inline) if line.startswith("yolopatch "))
        return [words for words in lines if len(words) > 2]


@cache
def entries(language: str) -> tuple[Entry, ...]:
    """Return the entries of a language's page, in its order."""
    found, group = [], ""
    pieces = _HEADING.split(PAGES[language].read_text(encoding="utf-8"))[1:]
    for level, heading, anchor, body in zip(*[iter(pieces)] * 4, strict=True):
        if level == "##":
            group = anchor
        else:
            found.append(Entry(group, anchor, heading, body))
    return tuple(found)


def entry(anchor: str, language: str = "en") -> Entry:
    """Return one entry. Raises KeyError for an anchor that the page does not have."""
    return {one.anchor: one for one in entries(language)}[anchor]
