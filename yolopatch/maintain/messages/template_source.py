"""The messages in a template of a page: its text nodes, what is read aloud of it, and the texts in its expressions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment

# A statement of the template ends a text: what stands before it and behind it is shown or not.
_CUT = "\x00"
# An expression that chooses between texts is marked with these in the markup.
_CHOICE, _OR, _END = "\x03", "\x04", "\x05"
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
    markup, shown = "", _Shown()
    for _, kind, text in Environment().lex(source):
        if kind == "data":
            markup += text
        elif kind == "variable_begin":
            shown = _Shown()
        elif kind == "variable_end":
            markup += shown.marked()
        elif kind == "block_begin":
            markup += _CUT
        else:
            shown.add(kind, text)
            if kind == "string" and re.match(r".[A-Z][a-z]|.[a-z ]+ [a-z]", text):
                yield text[1:-1]
    reader = _Texts()
    reader.feed(markup)
    for text in reader.found:
        for part in text.split(_CUT):
            yield from _forms(" ".join(part.split()))


class _Shown:
    """What stands between `{{` and `}}`: a value, or one of several texts."""

    def __init__(self) -> None:
        self._tokens: list[tuple[str, str]] = []

    def add(self, kind: str, text: str) -> None:
        """Add a token of the expression."""
        if kind != "whitespace":
            self._tokens.append((kind, text))

    def marked(self) -> str:
        """Return the expression for the markup: its last name, or the texts that it chooses from."""
        texts = self._choice()
        if texts:
            return _CHOICE + _OR.join(texts) + _END
        names = [text for kind, text in self._tokens if kind == "name"]
        is_count = names[-1:] == ["length"]
        return f"\x01{names[-2 if is_count else -1] if names else 'value'}{'!n' * is_count}\x02"

    def _choice(self) -> list[str]:
        """Return the texts of `"a" if test else "b"`, an empty one where there is no else; none where it is another."""
        kinds = [kind for kind, _ in self._tokens]
        if kinds[:2] != ["string", "name"] or self._tokens[1][1] != "if":
            return []
        if ("name", "else") not in self._tokens:
            return [self._tokens[0][1][1:-1], ""]
        last = self._tokens[-2:]
        return [self._tokens[0][1][1:-1], last[1][1][1:-1]] if kinds[-2:] == ["name", "string"] else []


def _forms(text: str) -> Iterator[str]:
    """Yield a text in each form that its choices give, as messages."""
    parts = re.split(f"{_CHOICE}([^{_END}]*){_END}", text)
    choices = [part.split(_OR) if number % 2 else [part] for number, part in enumerate(parts)]
    for chosen in itertools.product(*choices):
        plain = "".join(chosen).strip()
        if _TEXT.search(re.sub("\x01[^\x02]*\x02", "", plain)):
            yield _named(plain.replace("{", "{{").replace("}", "}}"))


def _named(text: str) -> str:
    """Return a text with a name for each placeholder; two of one name may differ, so the second has a number."""
    names: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name, mark, kind = found[1].partition("!")
        names[name] = names.get(name, 0) + 1
        return "{" + name + (str(names[name]) if names[name] > 1 else "") + mark + kind + "}"

    return re.sub("\x01([^\x02]*)\x02", place, text)
