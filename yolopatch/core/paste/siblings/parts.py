"""What of a post's other files is needed: the names that the main file's imports reach."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from yolopatch.core.closure import closure
from yolopatch.core.paste.names import bound, first_line, last_line, needs
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.paste.siblings.links import IMPORTS, STAR, Links, uses_of_files

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Reach:
    """The names that are needed of each file of a post, those of the main file first.

    Args:
        links: of the files, the main one first.
        symbol: what is wanted of the main file; "" for all of it.
    """

    def __init__(self, links: Sequence[Links], symbol: str = "") -> None:
        self._links = {one.file.name: one for one in links}
        self._needs = {one.file.name: needs(one.file.text) for one in links}
        self.names: dict[str, set[str]] = {}
        main = links[0].file.name
        self._ask(main, {symbol} if symbol in self._needs[main] else self._all(main))

    def _all(self, file: str) -> set[str]:
        of_file = self._needs[file]
        return {*of_file, *(name for names in of_file.values() for name in names)}

    def _ask(self, file: str, names: Collection[str]) -> None:
        """Note that these names of a file are needed, and what they need in turn."""
        before = self.names.setdefault(file, set())
        new = closure(names, lambda name: self._needs[file].get(name, ())) - before
        if not new:
            return
        before |= new
        links = self._links[file]
        taken = [(node.attr, link) for node, link in uses_of_files(links)]
        for link in links.found:
            top = link.node is link.statement
            if link.whole:
                if not top or link.whole.partition(".")[0] in new:
                    self._ask(link.other.name, {name for name, found in taken if found is link})
            elif link.alias.name == STAR:
                self._ask(link.other.name, new - links.file.names)
            elif link.local in new or (not top and bound(link.statement) & new):
                self._ask(link.other.name, {link.alias.name})


def unneeded_lines(file: Pasted, names: Collection[str]) -> set[int]:
    """Return the lines, counted from 1, of the definitions and imports of a file that are not among these names.

    What stands before such a statement, a comment or an empty line, goes with it. A line with two statements stays.
    """
    gone: set[int] = set()
    kept: set[int] = set()
    end = 0
    for node in file.tree.body:
        first, last = first_line(node), last_line(node)
        if isinstance(node, (*_DEFINITIONS, *IMPORTS)) and not bound(node) & {*names, STAR}:
            gone |= {*range(end + 1, last + 1)}
        else:
            kept |= {*range(first, last + 1)}
        end = last
    return gone - kept
