"""The messages of a language and their translations, as sorted lines: a run finds the few that it needs by halving.

`--help` reads the texts and looks for some forty of them, so nothing here is parsed, and no table of all is made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

TEXTS, PATTERNS = "texts", "patterns"
# A line holds its fields between the first, and a line break in a field as the second: no message has either.
BETWEEN, BREAK = "\t", "↵"


class Messages:
    """What is translated: texts that no value is put into, and messages with placeholders.

    Args:
        read: returns the content of a file of `sorted_lines` by its name; each is read when it is first needed.
    """

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    def translation(self, text: str) -> str | None:
        """Return the translation of a text that is a message without placeholders, None if it is none."""
        return next((fields[0] for fields in _behind(self._texts, text)), None)

    def patterns(self, key: str) -> list[tuple[str, str]]:
        """Return the messages with placeholders that have a key, see `patterns.key_of`, and their translations."""
        return [(message, translation) for message, translation in _behind(self._patterns, key)]

    @cached_property
    def _texts(self) -> list[str]:
        return self._read(TEXTS).rstrip("\n").split("\n")

    @cached_property
    def _patterns(self) -> list[str]:
        return self._read(PATTERNS).rstrip("\n").split("\n")


def sorted_lines(translations: Mapping[str, str]) -> dict[str, str]:
    """Return the files of `Messages` for messages with `{placeholders}` and their translations, by name."""
    from yolopatch.core.language.patterns import fields_of, key_of, text_of  # imported late: a run needs none of it

    texts, patterns = [], []
    for message, translation in translations.items():
        if fields_of(message):
            patterns.append(_line(key_of(message), message, translation))
        else:
            texts.append(_line(text_of(message), text_of(translation)))
    return {TEXTS: "\n".join(sorted(texts)) + "\n", PATTERNS: "\n".join(sorted(patterns)) + "\n"}


def _line(*fields: str) -> str:
    return BETWEEN.join(fields).replace("\n", BREAK)


def _behind(lines: Sequence[str], first: str) -> Iterator[list[str]]:
    """Yield the other fields of each line that has this first one."""
    start = first.replace("\n", BREAK) + BETWEEN
    for number in range(bisect_left(lines, start), len(lines)):
        if not lines[number].startswith(start):
            return
        yield lines[number][len(start) :].replace(BREAK, "\n").split(BETWEEN)
