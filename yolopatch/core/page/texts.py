"""Where the texts of an HTML page stand: those that people read or hear, and no data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from itertools import accumulate

ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "data-name")
SENTENCE = "data-sentence"
"""Marks an element whose only children are words and `<code>`: its sentence is one text, with the code in backticks."""

_UNTOUCHED = {"code", "pre", "script", "style"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_SPACE = " \t\n\r\f"
_SPACES = re.compile(f"[{_SPACE}]+")
_LETTER = re.compile(r"[^\W\d_]")
_ATTRIBUTE = re.compile(rf'\s({"|".join(ATTRIBUTES)})="([^"]*)"')


@dataclass(frozen=True)
class Text:
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

    The tags must be balanced, and attributes in double quotes.
    """
    finder = _Finder(html)
    finder.feed(html)
    finder.close()
    return sorted(finder.found, key=lambda text: text.start)


class _Finder(HTMLParser):
    """Notes texts by their places; the parser tells where tags start, and a text is what lies between two."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Text] = []
        self._html = html
        self._lines = [0, *accumulate(len(line) for line in html.split("\n"))]
        self._open: list[tuple[str, bool]] = []  # tags, and whether what is in them stays as it is
        self._sentence: int | None = None  # where the content of the sentence starts that is open
        self._depth = 0  # of the tags around it
        self._end = 0  # of the last tag

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the text before a tag, and its attributes."""
        self._start_tag(tag, dict(attrs), is_empty=tag in _VOID)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the text before a tag without content, and its attributes."""
        self._start_tag(tag, dict(attrs), is_empty=True)

    def handle_endtag(self, tag: str) -> None:
        """Note the text before a tag."""
        start = self._place()
        self._note_text(start)
        self._open.pop()
        if self._sentence is not None and len(self._open) < self._depth:
            self._note(self._sentence, start, is_sentence=True)
            self._sentence = None
        self._end = self._html.index(">", start) + 1

    def _start_tag(self, tag: str, attributes: dict[str, str | None], *, is_empty: bool) -> None:
        start, raw = self._place(), self.get_starttag_text() or ""
        self._note_text(start)
        self._end = start + len(raw)
        stays = self._stays() or tag in _UNTOUCHED or attributes.get("translate") == "no"
        if not stays:
            for found in _ATTRIBUTE.finditer(raw):
                self._note(start + found.start(2), start + found.end(2))
        if not is_empty:
            self._open.append((tag, stays))
            if SENTENCE in attributes and not stays:
                self._sentence, self._depth = self._end, len(self._open)

    def _stays(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + line - 1 + column

    def _note_text(self, end: int) -> None:
        if self._open and not self._stays() and self._sentence is None:
            self._note(self._end, end)

    def _note(self, start: int, end: int, *, is_sentence: bool = False) -> None:
        raw = self._html[start:end]
        if not _LETTER.search(raw):
            return  # numbers and signs are the same in every language
        start, end = start + len(raw) - len(raw.lstrip(_SPACE)), end - len(raw) + len(raw.rstrip(_SPACE))
        words = self._html[start:end]
        if is_sentence:
            words = words.replace("<code>", "`").replace("</code>", "`")
        self.found.append(Text(start, end, unescape(_SPACES.sub(" ", words)), is_sentence))
