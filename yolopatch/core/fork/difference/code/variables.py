"""Variables of a function that have another name in the fork, and nothing else: they are no change."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace

from yolopatch.core.fork.difference.code.expressions import leaves
from yolopatch.core.fork.difference.code.statements import changed_lines, lines_of
from yolopatch.core.fork.difference.code.units import Unit
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.references import bound_names


def with_variables_of(old: Unit, new: Unit) -> Unit:
    """Return the release's function with the variables named as in the fork's, where each stands for just one other.

    The arguments keep their names: callers use them.
    """
    if old.node is None or new.node is None or canonical(old.node) == canonical(new.node):
        return old
    names = _one_to_one(_pairs(old, new))
    mine, theirs = _own(old.node), _own(new.node)
    taken = _names(old.node), _names(new.node)
    names = {a: b for a, b in names.items() if a in mine and b in theirs and a not in taken[1] and b not in taken[0]}
    if not names:
        return old
    node = _Renamer(names).visit(copy.deepcopy(old.node))
    return replace(old, node=node, body=tuple(node.body))


def _pairs(old: Unit, new: Unit) -> Iterator[tuple[str, str]]:
    """Yield each variable with the one that stands for it, wherever lines differ in it."""
    for hunk in changed_lines(lines_of(old.body), lines_of(new.body), 0):
        if hunk.is_pair and len(hunk.old[0].head) == len(hunk.new[0].head):
            for a, b in zip(hunk.old[0].head, hunk.new[0].head):
                for leaf in leaves(a, b):
                    if isinstance(leaf.old, ast.Name) and isinstance(leaf.new, ast.Name):
                        yield leaf.old.id, leaf.new.id


def _one_to_one(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    for a, b in pairs:
        found.setdefault(a, set()).add(b)
        back.setdefault(b, set()).add(a)
    single = {a: next(iter(others)) for a, others in found.items() if len(others) == 1}
    return {a: b for a, b in single.items() if len(back[b]) == 1}


def _own(function: ast.stmt) -> set[str]:
    """Return the variables of a function that are no arguments."""
    arguments = {part.arg for part in ast.walk(function) if isinstance(part, ast.arg)}
    return set(bound_names(function)) - arguments


def _names(function: ast.stmt) -> set[str]:
    return {part.id for part in ast.walk(function) if isinstance(part, ast.Name)}


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node
