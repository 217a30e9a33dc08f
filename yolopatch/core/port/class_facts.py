"""A class as a release defines it: its constructor and methods, wherever they stand, and what its constructor assigns.

A definition may stand below an `if`, `try`, `with` or loop: Python runs it all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from yolopatch.core.syntax import parse


def find_classes(text: str, name: str) -> list[ast.ClassDef]:
    """Return every class of this name in a file, without those inside classes and functions."""
    return [node for node in _statements(parse(text).body) if isinstance(node, ast.ClassDef) and node.name == name]


def constructors(text: str, node: ast.ClassDef) -> list[ast.FunctionDef]:
    """Return a class's constructors: its own, or those of the nearest base in the same file that has one.

    A class that defines one under a condition may have several; a class whose bases are imported, none.
    """
    seen, queue = {node.name}, [node]
    while queue:
        owner = queue.pop(0)
        own = [one for one in _statements(owner.body) if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        if own:
            return own
        for base in (one.id for one in owner.bases if isinstance(one, ast.Name) and one.id not in seen):
            seen.add(base)
            queue += find_classes(text, base)
    return []


def defines(node: ast.ClassDef, name: str) -> bool:
    """Tell whether a class itself defines the method, or gives another one this name: `forward_fuse = forward`."""
    for one in _statements(node.body):
        if isinstance(one, ast.FunctionDef) and one.name == name:
            return True
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in one.targets):
            return True
    return False


def signature(function: ast.FunctionDef) -> str:
    """Return a function's arguments without their types."""
    given = function.args
    plain = ast.arguments(
        posonlyargs=[ast.arg(a.arg) for a in given.posonlyargs],
        args=[ast.arg(a.arg) for a in given.args],
        vararg=ast.arg(given.vararg.arg) if given.vararg else None,
        kwonlyargs=[ast.arg(a.arg) for a in given.kwonlyargs],
        kw_defaults=given.kw_defaults,
        kwarg=ast.arg(given.kwarg.arg) if given.kwarg else None,
        defaults=given.defaults,
    )
    return ast.unparse(plain)


def assignments(function: ast.FunctionDef) -> list[tuple[str, ast.expr]]:
    """Return what a function assigns, in order: the name or attribute, and the value. Nested functions do not count."""
    found: list[tuple[str, ast.expr]] = []
    for node in _statements(function.body):
        if isinstance(node, ast.Assign):
            found += [(ast.unparse(target), node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found.append((ast.unparse(node.target), node.value))
    return found


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and those below them, but for those of functions and classes, in the file's order."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _statements(_below(node))


def _below(node: ast.AST) -> list[ast.stmt]:
    below: list[ast.stmt] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            below.append(child)
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            below += child.body
    return below
