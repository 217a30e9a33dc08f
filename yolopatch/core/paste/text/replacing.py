"""Replace parts of a text that nodes of its syntax tree stand for; all else stays byte for byte."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from yolopatch.core.text import split_lines

Node = ast.expr | ast.stmt


class Change(NamedTuple):
    """Other text for a part of a text, from `start` to before `end`."""

    start: int
    end: int
    new: str


class Offsets:
    """Where the nodes of a text's syntax tree start and end in it."""

    def __init__(self, text: str) -> None:
        self._lines = split_lines(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: Node) -> int:
        """Return the offset of a node's first character."""
        return self._at(node.lineno, node.col_offset)

    def end(self, node: Node) -> int:
        """Return the offset behind a node's last character."""
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def whole(self, node: Node, new: str) -> Change:
        """Return the change that puts other text in the place of a node."""
        return Change(self.start(node), self.end(node), new)

    def _at(self, line: int, column: int) -> int:
        # columns of syntax trees count bytes
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def changed(text: str, changes: Iterable[Change]) -> str:
    """Return the text with changes, none of which is inside of another one.

    The number of lines stays: what is shorter than the text before is followed by as many line ends.
    """
    done, parts = 0, []
    for start, end, new in sorted(changes):
        lost = text[start:end].count("\n") - new.count("\n")
        parts += [text[done:start], new, "\n" * max(lost, 0)]
        done = end
    return "".join([*parts, text[done:]])
