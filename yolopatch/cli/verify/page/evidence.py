"""Turn the evidence of a check into pairs, lists, tables and text blocks for the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

MOST_ITEMS = 20  # of a list or an object; the total number is shown, too
MOST_LINES = 60  # of a text block; the last lines of a traceback matter most
MOST_CHARACTERS = 4000
DEEPEST = 5  # levels; deeper values are shown as JSON
_SHORT = 72  # characters in one line
_MOST_IN_LINE = 8  # values of a list inside another
_MOST_COLUMNS = 8


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


def show(value: object, depth: int = 0) -> Shown:
    """Return how to show a piece of evidence."""
    if isinstance(value, Mapping):
        return _show_object(value, depth)
    if _is_list(value):
        return _show_list(value, depth)
    return _show_text(plain(value))


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


def _show_text(text: str) -> Shown:
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


def _show_object(value: Mapping[Any, Any], depth: int) -> Shown:
    if not value:
        return Shown("text", text="empty")
    if depth >= DEEPEST:
        return _show_text(_as_json(value))
    if all(str(name).isdigit() for name in value) and all(map(_is_figure, value.values())):
        return _show_numbered(value)
    if len(value) > 1 and _columns(list(value.values())):
        return _show_table([{"": name, **row} for name, row in value.items()], depth)
    names = list(value)[:MOST_ITEMS]
    parts = tuple((str(name), show(value[name], depth + 1)) for name in names)
    return Shown("pairs", parts=parts, left_out=_left_out(len(names), len(value)))


def _show_numbered(value: Mapping[Any, Any]) -> Shown:
    """Show figures by number (mostly by layer) in one line: a list of them would fill the page."""
    kept = [f"{name}: {plain(figure)}" for name, figure in list(value.items())[: 2 * MOST_ITEMS]]
    return Shown("text", text=", ".join(kept), left_out=_left_out(len(kept), len(value)))


def _show_list(value: Sequence[Any], depth: int) -> Shown:
    if not value:
        return Shown("text", text="none")
    if depth >= DEEPEST:
        return _show_text(_as_json(value))
    if all(isinstance(v, str) for v in value) and any("\n" in v for v in value):
        return _show_block("".join(v if v.endswith("\n") else v + "\n" for v in value))
    if _columns(value):
        return _show_table(value, depth)
    kept = value[:MOST_ITEMS]
    left_out = _left_out(len(kept), len(value))
    line = ", ".join(map(_in_line, kept))
    if all(map(_is_flat, kept)) and len(line) <= _SHORT:
        return Shown("text", text=line, left_out=left_out)
    parts = tuple(_show_text(_in_line(v)) if _is_flat(v) else show(v, depth + 1) for v in kept)
    return Shown("items", parts=parts, left_out=left_out)


def _show_table(rows: Sequence[Mapping[str, Any]], depth: int) -> Shown:
    kept, columns = rows[:MOST_ITEMS], tuple(rows[0])
    parts = tuple(tuple(show(row[name], depth + 2) for name in columns) for row in kept)
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


def _in_line(value: object) -> str:
    if _is_list(value):
        return "[" + ", ".join(map(_in_line, value)) + "]"
    return plain(value)


def _left_out(shown: int, total: int) -> str:
    return f"the first {shown} of {total:,}" if shown < total else ""


def _as_json(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
