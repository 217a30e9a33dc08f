"""Where the texts of an HTML page stand: those that people read or hear, and no data."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "data-name")
SENTENCE = "data-sentence"
"""Marks an element whose only children are words and `<code>`: its sentence is one text, with the code in backticks."""

_UNTOUCHED = {"code", "pre"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_SPACE = " \t\n\r\f"
_SPACES = re.compile(f"[{_SPACE}]+")
_LETTER = re.compile(r"[^\W\d_]")
# A script or a style as a whole, for nothing in it is a tag. Else a tag: whether it ends an element, name, attributes.
_TAG = re.compile(
    r'<(?:script|style)\b.*?</(?:script|style)>|<(/?)([A-Za-z][^\s/>]*)([^">]*(?:"[^"]*"[^">]*)*)>', re.DOTALL
)
# With their quotes: no value has one in it, so that none looks like an attribute.
_STAYS, _IS_SENTENCE = ' translate="no"', f' {SENTENCE}="'
_ATTRIBUTE = re.compile(rf'\s(?:{"|".join(ATTRIBUTES)})="([^"]*)"')


class Text(NamedTuple):
    """A text of a page.

    Attributes:
        start, end: its characters in the page, without the white space around it.
        english: what it says, without markup.
        is_sentence: whether the backticks in it stand for `<code>`.
    """

    start: int
    end: int
    english: str
    is_sentence: bool = False

    def write(self, words: str) -> str:
        """Return other words as markup for its place."""
        written = escape(words)
        return re.sub("`([^`]*)`", r"<code>\1</code>", written) if self.is_sentence else written


def find_texts(html: str) -> list[Text]:
    """Return the texts of a page in their order, those without a letter aside.

    It reads pages that we wrote, no HTML of others: the tags must be balanced, attributes in double quotes, and no
    comment may be there. It takes a quarter of a parser's time: the tables of a grid have tens of thousands of tags.
    """
    finder = _Finder(html)
    for tag in _TAG.finditer(html):
        finder.pass_tag(tag)
    return finder.found


class _Finder:
    """Notes texts by their places; a text is what lies between two tags."""

    def __init__(self, html: str) -> None:
        self.found: list[Text] = []
        self._html = html
        self._open: list[bool] = []  # of each open element: whether what is in it stays as it is
        self._sentence: int | None = None  # where the content of the sentence starts that is open
        self._depth = 0  # of the elements around it
        self._end = 0  # of the last tag

    def pass_tag(self, tag: re.Match[str]) -> None:
        """Note the text before a tag, and its attributes."""
        start, end = tag.span()
        if self._open and not self._open[-1] and self._sentence is None:
            self._note(self._end, start)
        self._end = end
        if tag[1]:
            self._end_element(start)
        elif tag[2]:
            self._start_element(tag)

    def _start_element(self, tag: re.Match[str]) -> None:
        name, written = tag.group(2, 3)
        stays = (bool(self._open) and self._open[-1]) or name in _UNTOUCHED or _STAYS in written
        if not stays:
            for attribute in _ATTRIBUTE.finditer(self._html, *tag.span(3)):
                self._note(*attribute.span(1))
        if name in _VOID or written.endswith("/"):
            return
        self._open.append(stays)
        if not stays and _IS_SENTENCE in written:
            self._sentence, self._depth = tag.end(), len(self._open)

    def _end_element(self, start: int) -> None:
        self._open.pop()
        if self._sentence is not None and len(self._open) < self._depth:
            self._note(self._sentence, start, is_sentence=True)
            self._sentence = None

    def _note(self, start: int, end: int, *, is_sentence: bool = False) -> None:
        if not _LETTER.search(self._html, start, end):
            return  # numbers and signs are the same in every language
        raw = self._html[start:end]
        start, end = start + len(raw) - len(raw.lstrip(_SPACE)), end - len(raw) + len(raw.rstrip(_SPACE))
        words = self._html[start:end]
        if is_sentence:
            words = words.replace("<code>", "`").replace("</code>", "`")
        self.found.append(Text(start, end, unescape(_SPACES.sub(" ", words)), is_sentence))
