"""Translate finished English texts that equal no message by those that they were made from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce

from yolopatch.core.language.messages import Messages
from yolopatch.core.language.patterns import Pattern, parts_of

# What stands around a text on a terminal: space, and the codes of one colour, which ends where the text does.
_AROUND = re.compile(r"(\s*)((?:\x1b\[[\d;]*m)*(?=[^\x1b]*\x1b\[0m\s*$))?(.*?)((?:\x1b\[0m)?)(\s*)", re.DOTALL)
_FEWEST_LETTERS = 2  # fixed ones of a message; with fewer it would fit to anything
# What joins texts, and what stands there between two Chinese ones.
_SEPARATORS = {"\n": "\n", "; ": "；", ": ": "：", ", ": "，"}
_SENTENCE = re.compile(r"(?<![\w./`'\"-])[A-Za-z][a-z]+(?: [a-z]+)+(?![\w/`'\"-]|\.\w)")
_NAME = re.compile(r"\S*[^\W\d]\S*")
_NAMES = re.compile(r"\S+(?:(?:,| or| and) \S+)* (?:or|and) \S+")
_CLOSE = ("（", "，", "；", "：", "。")
_DEEPEST = 5  # texts inside texts
_REMEMBERED = 4096  # values: a run that prints for days has no end of them
_LONGEST = 4000  # characters of a text that is taken apart


@dataclass(frozen=True)
class _Found:
    """A translation.

    Args:
        text: the translation.
        letters: how many letters of the text are fixed in the messages: the more, the surer it is.
        unread: how many letters are in words that stand one behind the other as in a sentence, and fit to no message.
        is_whole: whether each of several joined texts fits to a message, or is a name.
        message: the message that was found; of several joined texts, what joins them.
        is_opening: whether that is a message which says of what follows its colon where or when that is.
    """

    text: str
    letters: int
    unread: int = 0
    is_whole: bool = False
    message: str = ""
    is_opening: bool = False


@dataclass(frozen=True)
class Reading:
    """Finds what a text was made from.

    A text that has a value put into it equals no message, so the messages are patterns. Of those that fit, the one with
    the most fixed letters gives the values, and a value that is itself a text is translated in the same way. A text may
    also be several messages that were joined; the reading with more fixed letters counts. What fits to no message stays
    as it is: names, paths, and what upstream or the user wrote.

    Args:
        messages: the translation of each message.
    """

    messages: Messages

    def translate(self, text: str) -> str:
        """Return a text in this language, or as it is where no message fits."""
        return self._value(text, True, 0).text

    def sentence(self, text: str) -> str:
        """Return a text in this language, but a single word as it is: it may be somebody's name."""
        return self._value(text, False, 0).text

    def knows(self, text: str) -> bool:
        """Return whether a text as a whole was made from one message."""
        return self._sentence(text, 0).letters > 0

    @cached_property
    def _value(self) -> Callable[[str, bool, int], _Found]:
        """Does what `_read` does, and remembers: texts of one page have many parts in common."""
        return lru_cache(_REMEMBERED)(self._read)

    def _read(self, value: str, is_word: bool, depth: int) -> _Found:
        """Return a value: translated where it has several words, or where the translation asks for its word."""
        before, text, after = _split(value)
        if depth > _DEEPEST or not (is_word or re.search(r"\w\W* \W*\w", text)):
            return _Found(value, 0, _prose(text))
        found = self._exact(text) or self._best(text, is_word, depth)
        if depth and not found.letters and _NAMES.fullmatch(text):
            found = _Found(text.replace(" or ", " 或 ").replace(" and ", " 和 "), 0)
        if depth and found.text[:1] in _CLOSE:
            before = ""  # such a sign brings its own space
        return _Found(f"{before}{found.text}{after}", found.letters, found.unread)

    def _exact(self, text: str) -> _Found | None:
        """Return a text that is a message."""
        translation = self.messages.translation(text)
        return None if translation is None else _Found(translation, sum(map(str.isalpha, text)), message=text)

    def _best(self, text: str, is_word: bool, depth: int) -> _Found:
        """Return a text that is no message, by the one that fits it best or by several that were joined."""
        one, several = self._sentence(text, depth), self._joined(text, is_word and depth > 0, depth)
        # a message that has the separator in its own text was not made by joining there
        is_closed = several.message in one.message or one.is_opening
        is_equal = several.is_whole and several.letters == one.letters and not is_closed
        return several if several.letters > one.letters or is_equal else one

    def _sentence(self, text: str, depth: int) -> _Found:
        """Return the text by the message that fits it best."""
        best: _Found | None = None
        for pattern in self._candidates(text):
            if best and not pattern.is_opening:
                continue
            values = pattern.values(text)
            found = self._filled(pattern, values, depth) if values is not None else None
            if not found or found.unread > pattern.letters:
                continue
            if best is None and found.letters == pattern.letters:
                return found
            # "unlike in x: y is removed" opens with "unlike in x", and y is removed there
            if best is None or (found.letters >= best.letters and found.letters > pattern.letters):
                best = found
            if pattern.is_opening:
                break
        return best or _Found(text, 0, _prose(text))

    def _filled(self, pattern: Pattern, values: Mapping[str, str], depth: int) -> _Found:
        text, letters, unread, was_translated = "", pattern.letters, 0, False
        for fixed, name, kind in parts_of(pattern.translation):
            if name and text.endswith("`"):
                found = _Found(values[name], 0)  # code: no sentence, whatever words it has
            else:
                found = self._value(values[name], kind == "w", depth + 1) if name else _Found(fixed, 0)
            is_translated = bool(name) and found.text != values[name]
            text = _closed(text, found.text) if is_translated or was_translated else text + found.text
            letters, unread, was_translated = letters + found.letters, unread + found.unread, is_translated
        return _Found(text, letters, unread, message=pattern.message, is_opening=pattern.is_opening)

    def _joined(self, text: str, is_word: bool, depth: int) -> _Found:
        """Return the text as several that were joined, each translated; by the separator that gives the most."""
        found = [separator for separator in _SEPARATORS if separator in text and len(text) <= _LONGEST]
        if not found:
            return _Found(text, 0, _prose(text))
        tried = found if not depth else found[:1]  # inside, to try all would take too long
        return max((self._parted(text, one, is_word, depth) for one in tried), key=lambda one: one.letters)

    def _parted(self, text: str, separator: str, is_word: bool, depth: int) -> _Found:
        """Return the parts between separators, each translated and joined again."""
        written = _parts(text, separator)
        parts = [self._value(part, is_word, depth + 1) for part in written]
        is_theirs = [one.text for one in parts] == written  # names of the user's own, with their own signs between
        joined = (
            text
            if is_theirs
            else reduce(
                lambda first, second: _join(first, second, separator, _SEPARATORS[separator]),
                (one.text for one in parts),
            )
        )
        letters, unread = sum(one.letters for one in parts), sum(one.unread for one in parts)
        is_whole = len(parts) > 1 and all(one.letters or _is_name(one.text.strip()) for one in parts)
        return _Found(joined, letters, unread, is_whole, separator)

    @cached_property
    def _patterns(self) -> Callable[[str], list[Pattern]]:
        """Returns the patterns with a key, and remembers them: each reads its message once."""
        return lru_cache(None)(lambda key: [Pattern(*pair) for pair in self.messages.patterns(key)])

    def _candidates(self, text: str) -> list[Pattern]:
        words = dict.fromkeys([*re.findall(r"[^\W\d_]+", text), ""])  # no set, whose order is another in each process
        known = (pattern for word in words for pattern in self._patterns(word))
        fitting = (one for one in known if one.letters >= _FEWEST_LETTERS and one.longest in text)
        return sorted(fitting, key=lambda pattern: (pattern.letters, pattern.signs, pattern.numbers), reverse=True)


def _prose(text: str) -> int:
    """Return how many letters of a text are in words that follow each other, as in a sentence."""
    return sum(len(found.replace(" ", "")) for found in _SENTENCE.findall(text))


def _is_name(text: str) -> bool:
    """Return whether a text is a name, or in this language already."""
    return bool(_NAME.fullmatch(text)) or any(map(_is_wide, text))


def _join(first: str, second: str, separator: str, chinese: str) -> str:
    return f"{first}{chinese if _is_wide(first[-1:]) or _is_wide(second[:1]) else separator}{second}"


def _closed(first: str, second: str) -> str:
    """Join two texts; the space that a value in other letters has around it does not stand between two Chinese ones."""
    if _is_wide(first.rstrip(" ")[-1:]) and _is_wide(second.lstrip(" ")[:1]):
        return first.rstrip(" ") + second.lstrip(" ")
    return first + second


def _parts(text: str, separator: str) -> list[str]:
    """Return the parts of a text between separators that stand in no code."""
    parts, inside = [""], False
    for number, part in enumerate(text.split(separator)):
        if number and inside:
            parts[-1] += separator + part
        elif number:
            parts.append(part)
        else:
            parts[-1] = part
        inside ^= part.count("`") % 2 == 1
    return parts


def _is_wide(letter: str) -> bool:
    return letter >= "\u2e80"


def _split(line: str) -> tuple[str, str, str]:
    found = _AROUND.fullmatch(line)
    if not found or not found[2]:
        text = line.strip()
        start = line.index(text) if text else len(line)
        return line[:start], text, line[start + len(text) :]
    return found[1] + found[2], found[3], found[4] + found[5]
