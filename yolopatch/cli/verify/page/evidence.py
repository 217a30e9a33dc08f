"""Turn the evidence of a check into pairs, lists, tables and text blocks for the page, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

MOST_ITEMS = 20  # of a list or an object; the total number is shown, too
MOST_LINES = 60  # of a text block; the last lines of a traceback matter most
MOST_CHARACTERS = 4000
DEEPEST = 5  # levels
_SHORT = 72  # characters in one line
_MOST_IN_LINE = 8  # values of a list inside another
_MOST_COLUMNS = 8
_TOO_DEEP = "more levels of this are in the output of --json"


@dataclass(frozen=True)
class Shown:
    """A piece of evidence.

    Attributes:
        kind: `text`, `block`, `items`, `pairs` or `table`.
        text: of a text or a block.
        parts: of items, the pieces; of pairs, (name, piece); of a table, rows of pieces.
        columns: of a table, the names.
        left_out: what was cut, in words; empty if nothing was cut.
    """

    kind: str
    text: str = ""
    parts: tuple[Any, ...] = ()
    columns: tuple[str, ...] = ()
    left_out: str = ""


def plain(value: object) -> str:
    """Return a single value in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and 10_000 <= abs(value) < 1e15 else f"{value:.6g}"
    return str(value)


@dataclass(frozen=True)
class Words:
    """How a piece of evidence is told.

    Attributes:
        label: what stands before it.
        write: how one value of it is written, with its unit.
        entry: how a key is written where the object below has data for keys (layers, arguments); None where its keys
            have words of their own.
        counts: the key of the list whose length this number is: it is told with the list.
        form: how to show it where it needs a form of its own.
        quiet: leave it out where it is empty or 0: it is told only where there is something to tell.
    """

    label: str
    write: Callable[[Any], str] = plain
    entry: Callable[[str], str] | None = None
    counts: str = ""
    form: Callable[[Any], Shown] | None = None
    quiet: bool = False


Vocabulary = Callable[[str], Words]
"""Returns the words of a key."""


def in_words(key: str) -> Words:
    """Return the words of a key that nobody has written words for."""
    return Words(key.replace("_", " "))


def show(value: object, vocabulary: Vocabulary = in_words, own: Words = Words(""), depth: int = 0) -> Shown:
    """Return how to show a piece of evidence.

    Args:
        value: as JSON can hold it.
        vocabulary: the words of the keys below it.
        own: its own words.
        depth: how many levels it is below the evidence.
    """
    if own.form is not None and value:
        return own.form(value)
    if isinstance(value, Mapping):
        return _Object(vocabulary, own, depth).show(value)
    if _is_list(value):
        return _show_list(value, vocabulary, own, depth)
    return show_text(own.write(value))


def show_text(text: str) -> Shown:
    """Return a text as one line, or as a block where it has several."""
    if "\n" in text.strip():
        return _show_block(text)
    cut, left_out = _cut_text(text)
    return Shown("text", text=cut or "empty", left_out=left_out)


def _show_block(text: str) -> Shown:
    lines = text.strip("\n").splitlines()
    cut, left_out = _cut_text("\n".join(lines[-MOST_LINES:]))
    if len(lines) > MOST_LINES:
        left_out = f"the last {MOST_LINES} of {len(lines):,} lines"
    return Shown("block", text=cut, left_out=left_out)


def _cut_text(text: str) -> tuple[str, str]:
    if len(text) <= MOST_CHARACTERS:
        return text, ""
    return text[:MOST_CHARACTERS], f"the first {MOST_CHARACTERS:,} of {len(text):,} characters"


@dataclass(frozen=True)
class _Object:
    """How objects are shown at one place: with the words of their keys, or, where the keys are data, with the data."""

    vocabulary: Vocabulary
    own: Words
    depth: int

    def show(self, value: Mapping[Any, Any]) -> Shown:
        if not value:
            return Shown("text", text="none")
        if self.depth >= DEEPEST:
            return Shown("text", text=_TOO_DEEP)
        sample = _sample(value)
        if sample is not None:
            return _with_total(_show_list(sample, self.vocabulary, self.own, self.depth), sample, value["count"])
        if (self.own.entry or all(str(name).isdigit() for name in value)) and all(map(_is_figure, value.values())):
            return self._figures(value)
        if len(value) > 1 and _columns(list(value.values())) and not _has_samples(value):
            rows = [(self._named(name, one), one) for name, one in value.items()]
            return _table(rows, self.vocabulary, self.depth)
        return self._pairs(value)

    def _named(self, name: object, value: object) -> str:
        """Return how a key is written."""
        return self.own.entry(str(name)) if self.own.entry else self._words(name, value).label

    def _words(self, name: object, value: object) -> Words:
        return replace(self.own, entry=None) if self.own.entry else self.vocabulary(str(name))

    def _figures(self, value: Mapping[Any, Any]) -> Shown:
        """Show figures by layer or the like in one line: a list of them would fill the page."""
        entry = self.own.entry or str
        kept = [f"{entry(str(name))}: {self.own.write(one)}" for name, one in list(value.items())[: 2 * MOST_ITEMS]]
        return Shown("text", text=", ".join(kept), left_out=_left_out(len(kept), len(value)))

    def _pairs(self, value: Mapping[Any, Any]) -> Shown:
        """Show names and values; what counts a list is told with it, and an empty text is left out."""
        words = {name: self._words(name, one) for name, one in value.items()}
        totals = {one.counts: value[name] for name, one in words.items() if one.counts in value}
        told = [name for name, one in value.items() if words[name].counts not in value and _is_told(one, words[name])]
        parts = []
        for name in told[:MOST_ITEMS]:
            piece = show(value[name], self.vocabulary, words[name], self.depth + 1)
            label = self.own.entry(str(name)) if self.own.entry else words[name].label
            parts.append((label, _with_total(piece, value[name], totals.get(name, 0))))
        if not parts:
            return Shown("text", text="none")
        return Shown("pairs", parts=tuple(parts), left_out=_left_out(len(parts), len(told)))


def _is_told(value: object, words: Words) -> bool:
    if value in ("", {}):
        return False
    is_empty = value["count"] == 0 if isinstance(value, Mapping) and _sample(value) is not None else not value
    return not (words.quiet and is_empty)


def _sample(value: Mapping[Any, Any]) -> Sequence[Any] | None:
    """Return the list of an object that holds a list and how many entries it has in all; None for another object."""
    others = [one for name, one in value.items() if name != "count"]
    if "count" in value and len(others) == 1 and _is_list(others[0]):
        return others[0]
    return None


def _has_samples(value: Mapping[Any, Any]) -> bool:
    return any(isinstance(one, Mapping) and _sample(one) is not None for one in value.values())


def _with_total(shown: Shown, value: object, total: object) -> Shown:
    """Return a shown list with what its check has left out of it."""
    if not _is_list(value) or not isinstance(total, int) or total <= len(value):
        return shown
    return replace(shown, left_out=_left_out(min(len(value), MOST_ITEMS), total))


def _show_list(value: Sequence[Any], vocabulary: Vocabulary, own: Words, depth: int) -> Shown:
    if not value:
        return Shown("text", text="none")
    if depth >= DEEPEST:
        return Shown("text", text=_TOO_DEEP)
    if all(isinstance(v, str) for v in value) and any("\n" in v for v in value):
        return _show_block("".join(v if v.endswith("\n") else v + "\n" for v in value))
    if _columns(value):
        return _table([("", row) for row in value], vocabulary, depth)
    kept = value[:MOST_ITEMS]
    left_out = _left_out(len(kept), len(value))
    line = ", ".join(_in_line(v, own.write) for v in kept)
    if all(map(_is_flat, kept)) and len(line) <= _SHORT:
        return Shown("text", text=line, left_out=left_out)
    parts = (show_text(_in_line(v, own.write)) if _is_flat(v) else show(v, vocabulary, own, depth + 1) for v in kept)
    return Shown("items", parts=tuple(parts), left_out=left_out)


def _table(rows: Sequence[tuple[str, Mapping[str, Any]]], vocabulary: Vocabulary, depth: int) -> Shown:
    """Show objects with the same keys as rows; where the objects have names, these are the first column."""
    kept = rows[:MOST_ITEMS]
    words = {name: vocabulary(name) for name in rows[0][1]}
    has_names = any(name for name, _ in rows)
    parts = tuple(
        (
            *([show_text(name)] if has_names else []),
            *(show(row[key], vocabulary, one, depth + 2) for key, one in words.items()),
        )
        for name, row in kept
    )
    columns = (*([""] if has_names else []), *(one.label for one in words.values()))
    return Shown("table", parts=parts, columns=columns, left_out=_left_out(len(kept), len(rows)))


def _columns(value: Sequence[Any]) -> tuple[str, ...]:
    """Return the keys that all objects of a list share; empty if the list is not a table."""
    if not all(isinstance(row, Mapping) for row in value):
        return ()
    names = list(value[0])
    if not 1 <= len(names) <= _MOST_COLUMNS or any(list(row) != names for row in value):
        return ()
    return tuple(names) if all(_is_flat(v) for row in value for v in row.values()) else ()


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def _is_figure(value: object) -> bool:
    return value is None or isinstance(value, (int, float))


def _is_flat(value: object) -> bool:
    """Return whether a value fits in one line: a single value, or a short list of single values."""
    if _is_list(value):
        return len(value) <= _MOST_IN_LINE and not any(_is_list(v) or not _is_flat(v) for v in value)
    return not isinstance(value, Mapping) and "\n" not in str(value)


def _in_line(value: object, write: Callable[[Any], str]) -> str:
    """Return a value of a list in one line; whole numbers in a list of their own are a shape."""
    if not _is_list(value):
        return write(value)
    if value and all(isinstance(v, int) and not isinstance(v, bool) for v in value):
        return " × ".join(map(write, value))
    return f"({', '.join(_in_line(v, write) for v in value)})" if value else "none"


def _left_out(shown: int, total: int) -> str:
    return f"the first {shown} of {total:,}" if shown < total else ""
