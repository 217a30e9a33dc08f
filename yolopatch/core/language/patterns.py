"""Messages with placeholders, in the manner of `str.format`: `{count} layers of {model}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

# `{{`, `}}`, `{name}`; `{name!n}` in a message is a number, `{name!w}` in a translation a single word to translate, too
_PART = re.compile(r"\{\{|\}\}|\{(\w+)(![nw])?\}")
_NUMBER = r"[+-]?(?:[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan)%?"
_ANY = ".*?"
_ADDED = r"(?:(?:[;,:(]| \(| in | at | with ).*?)?"  # a sentence goes on, or ends
_LETTER_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<![\w{}!])[^\W\d_]+(?![\w{}])")  # outside of braces, and none of them beside it


def parts_of(message: str) -> Iterator[tuple[str, str, str]]:
    """Yield each part of a message: its fixed text, or the name of a placeholder and its kind: `n`, `w` or none."""
    if "{" not in message and "}" not in message:  # as most are
        yield message, "", ""
        return
    at = 0
    for found in _PART.finditer(message):
        yield message[at : found.start()], "", ""
        if found[1]:
            yield "", found[1], (found[2] or "")[1:]
        else:
            yield found[0][0], "", ""
        at = found.end()
    yield message[at:], "", ""


def fields_of(message: str) -> set[str]:
    """Return the names of the placeholders of a message."""
    return {found[1] for found in _PART.finditer(message) if found[1]}


def text_of(message: str) -> str:
    """Return the fixed text of a message."""
    return "".join(fixed for fixed, _, _ in parts_of(message))


def key_of(message: str) -> str:
    """Return the longest word that no placeholder touches, so that texts have it whole; "" where there is none."""
    return max(_WHOLE_WORD.findall(message), key=len, default="")


@dataclass(frozen=True)
class Pattern:
    """A message as a pattern of the texts that are made from it.

    Attributes:
        message: the message.
        translation: of the message, with its placeholders.
    """

    message: str
    translation: str

    @cached_property
    def parts(self) -> tuple[tuple[str, str, str], ...]:
        """What `parts_of` yields."""
        return tuple(parts_of(self.message))

    @cached_property
    def letters(self) -> int:
        """How many letters are fixed: the more, the surer is a match."""
        return sum(len(word) for word in self.words)

    @cached_property
    def signs(self) -> int:
        """How many characters are fixed: of two with as many letters, the one with more says more of the text."""
        return sum(len(fixed) for fixed, _, _ in self.parts)

    @cached_property
    def numbers(self) -> int:
        """How many placeholders are for numbers only: they say more of the text than those that fit anything."""
        return sum(kind == "n" for _, _, kind in self.parts)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the fixed text; the first and last of a piece may be parts of words of the text."""
        return tuple(word for fixed, _, _ in self.parts for word in _LETTER_WORD.findall(fixed))

    @cached_property
    def is_opening(self) -> bool:
        """Whether it says of what follows its colon where or when that is: `unlike in {path}: {what}`."""
        names = [name for _, name, _ in self.parts if name]
        return bool(names) and self.message.endswith(f": {{{names[-1]}}}") and not self.message.startswith("{")

    @cached_property
    def longest(self) -> str:
        """The longest fixed piece: a text without it was not made from this message."""
        return max((fixed for fixed, _, _ in self.parts), key=len)

    @cached_property
    def _expressions(self) -> tuple[re.Pattern[str], ...]:
        """What fits the texts; where one placeholder follows another, first with an addition in the second place."""
        plain, added = (self._expression(value) for value in (_ANY, _ADDED))
        return (plain,) if plain == added else (added, plain)

    def _expression(self, adjacent: str) -> re.Pattern[str]:
        """Return what fits the texts; `adjacent` fits the value of a placeholder right behind another one."""
        seen: set[str] = set()
        text, is_behind = "", False
        for fixed, name, kind in self.parts:
            text += re.escape(fixed)
            if name:
                value = _NUMBER if kind == "n" else adjacent if is_behind else _ANY
                text += f"(?P={name})" if name in seen else f"(?P<{name}>{value})"
                seen.add(name)
            is_behind = bool(name) or (is_behind and not fixed)
        return re.compile(text, re.DOTALL)

    def values(self, text: str) -> Mapping[str, str] | None:
        """Return the values of the placeholders with which this message becomes the text, None if it cannot."""
        found = next(filter(None, (one.fullmatch(text) for one in self._expressions)), None)
        # a gap of several spaces parts the columns of a table: its rows are put together of texts, and are none
        return found.groupdict() if found and not any("  " in (value or "") for value in found.groups()) else None
