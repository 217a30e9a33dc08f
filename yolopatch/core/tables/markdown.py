"""A table in Markdown as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from yolopatch.core.language.spoken import spoken

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&])")
LEFT, RIGHT = "---", "---:"


def escape_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def markdown_table(
    heads: Sequence[str], sides: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str]
) -> str:
    """Return a table with a list of notes below it.

    Args:
        heads, rows: of cells in Markdown; the heads and notes are put into the language of the run.
        sides: LEFT or RIGHT for each column.
        notes: sentences of plain text.
    """
    lines = [_line(cells) for cells in ([*map(spoken().translate, heads)], sides, *rows)]
    return "\n".join([*lines, "", *(f"- {escape_markdown(spoken().translate(note))}" for note in notes), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
