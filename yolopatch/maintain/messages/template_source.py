"""The messages in a template of a page: its text nodes, what is read aloud of it, and the texts in its expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment

# A statement of the template ends a text: what stands before it and behind it is shown or not.
_CUT = "\x00"
_READ = ("aria-label", "title", "alt", "placeholder", "data-name")
_SILENT = {"script", "style", "code", "pre"}
_TEXT = re.compile(r"[A-Za-z]{2,}")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self.found += [value for name, value in attrs if name in _READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def template_messages(source: str) -> list[str]:
    """Return the messages of a template of Jinja that writes HTML, each once."""
    return list(dict.fromkeys(_messages(source)))


def _messages(source: str) -> Iterator[str]:
    markup = ""
    names: list[str] = []
    for _, kind, text in Environment().lex(source):
        if kind == "data":
            markup += text
        elif kind == "variable_begin":
            names = []
        elif kind == "variable_end":
            markup += f"\x01{names[-1] if names else 'value'}\x02"
        elif kind == "block_begin":
            markup += _CUT
        elif kind == "name":
            names.append(text)
        elif kind == "string" and re.match(r".[A-Z][a-z]|.[a-z ]+ [a-z]", text):
            yield text[1:-1]
    reader = _Texts()
    reader.feed(markup)
    for text in reader.found:
        for part in text.split(_CUT):
            plain = " ".join(part.split())
            if _TEXT.search(re.sub("\x01[^\x02]*\x02", "", plain)):
                yield plain.replace("{", "{{").replace("}", "}}").replace("\x01", "{").replace("\x02", "}")
