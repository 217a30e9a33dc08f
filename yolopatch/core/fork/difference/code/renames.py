"""Which definitions of a fork are definitions of its release under another name, or in another file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yolopatch.core.fork.difference.code.effect import effective_definition
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.tree_code import TreeCode

_OWN = "\N{BULLET}"  # stands for a definition's own name
_ROUNDS = 5  # a renamed class can use another renamed one, which has to be known first


@dataclass(frozen=True)
class Renames:
    """What has another name or place in the fork.

    Attributes:
        names: the new name by the old one.
        places: the old definition by the new one, for those that are renamed or in another file.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[Definition, Definition] = field(default_factory=dict)


def read_renames(base: TreeCode, fork: TreeCode) -> Renames:
    """Return which of a fork's definitions are the release's under another name, or in another file.

    A name counts as another one only if the fork has the old one nowhere, and the release the new one nowhere.
    """
    gone = dict(_only_in(base, fork))
    come = dict(_only_in(fork, base)) if gone else {}
    names: dict[str, str] = {}
    places: dict[Definition, Definition] = {}
    prints = {one: _print(node, {}) for one, node in come.items()}
    for _ in range(_ROUNDS):
        fits = _matched(gone, prints, names)
        found = {new: old for new, old in fits if old.name == new.name or not (_knows(fork, old) or _knows(base, new))}
        if not found:
            break
        places.update(found)
        names.update({old.name: new.name for new, old in found.items() if new.name != old.name})
        for new, old in found.items():
            del gone[old], prints[new]
    return Renames(names, places)


def _only_in(code: TreeCode, other: TreeCode) -> Iterator[tuple[Definition, ast.stmt]]:
    """Yield the classes and functions of a tree that the same file of another tree does not define."""
    for path, text in code.texts.items():
        if other.texts.get(path) != text:
            theirs = other.definitions(path)
            for name, node in code.definitions(path).items():
                if name not in theirs and isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield Definition(path, name), node


def _knows(code: TreeCode, definition: Definition) -> bool:
    """Tell whether any file of a tree defines this name."""
    return any(definition.name in code.definitions(path) for path in code.mentioning(definition.name))


def _matched(
    gone: Mapping[Definition, ast.stmt], come: Mapping[Definition, str], names: Mapping[str, str]
) -> Iterator[tuple[Definition, Definition]]:
    """Yield a new definition and the old one that it is; one in the same file first."""
    by_print: dict[str, list[Definition]] = {}
    for one, text in come.items():
        by_print.setdefault(text, []).append(one)
    for old, node in gone.items():
        fits = by_print.get(_print(node, names))
        if fits:
            best = min(fits, key=lambda one: (one.path != old.path, one.name != old.name, one))
            by_print[come[best]].remove(best)
            yield best, old


def _print(node: ast.stmt, names: Mapping[str, str]) -> str:
    """Return a text that is equal for definitions that differ in their own name alone."""
    own = getattr(node, "name")  # noqa: B009
    return canonical(effective_definition(node, {**names, own: _OWN}))
