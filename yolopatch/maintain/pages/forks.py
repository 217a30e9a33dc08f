"""The page of `make forks`: a table for each set of libraries that models were built with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from yolopatch.core.tables.markdown import LEFT, escape_markdown, markdown_table
from yolopatch.maintain.forks import ForkRow

_HEADS = ("fork", "base", "model", "architecture", "beside the architecture", "the fork builds it", "rebuilt")
_BUILT_WITH = "## Built with "
_INTRODUCTION = """# Published forks

Written by `make forks FORKS="FOLDER ..."`: `yolopatch adopt` on each, as [adopt.md](../adopt.md) explains. A run leaves
the rows of other forks as they were.

- base: found by the content of the files. In brackets, how many of its files the fork has as they are, formatting and
  comments aside.
- architecture: the classes in the rows of the model that the fork adds or changes.
- beside the architecture: what else the fork changes, by what it affects, with the number of changes.
- the fork builds it: whether the fork's own tree builds and runs the model as it is, with the libraries named.
- rebuilt: whether the release with the fork's module has the same tensors by name and shape, and the same outputs with
  the same weights.
"""


def forks_page(rows: Sequence[ForkRow], versions: str, earlier: str = "") -> str:
    """Return the page in Markdown.

    Args:
        rows: of the forks that were adopted now.
        versions: those of the interpreter that built the models, in words.
        earlier: the text of the page so far.
    """
    tables = {head: dict(_lines(table)) for head, table in _tables(earlier)}
    for row in rows:
        for table in tables.values():
            table.pop(escape_markdown(row.fork), None)
        tables.setdefault(versions, {}).update([_line(row)])
    return "\n".join([_INTRODUCTION, *(_section(head, table) for head, table in tables.items() if table)])


def _tables(page: str) -> Iterator[tuple[str, str]]:
    for part in page.split(f"\n{_BUILT_WITH}")[1:]:
        head, _, table = part.partition("\n")
        yield head, table


def _lines(table: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the cells of each row, by the fork that it is of."""
    for line in table.splitlines()[3:]:  # a blank line, the heads, and the line below them
        if line.startswith("| "):
            cells = tuple(re.split(r" \| ", line[2:-2]))
            yield cells[0], cells


def _line(row: ForkRow) -> tuple[str, tuple[str, ...]]:
    found = (row.fork, row.base, row.model, row.architecture, row.beside, row.builds, row.rebuilt)
    cells = tuple(map(escape_markdown, found))
    return cells[0], cells


def _section(head: str, table: dict[str, tuple[str, ...]]) -> str:
    ordered = sorted(table.values(), key=lambda cells: cells[0].lower())
    return f"{_BUILT_WITH}{head}\n\n{markdown_table(_HEADS, (LEFT,) * len(_HEADS), ordered, []).rstrip()}\n"
