"""Facts about a class in a release: its constructor, its methods, and what its constructor assigns.

Definitions inside an `if`, `try`, `with` or loop count, too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from yolopatch.core.syntax import parse


def find_classes(text: str, name: str) -> list[ast.ClassDef]:
    """Return every class of this name in a file, except those inside classes and functions."""
    return [node for node in _statements(parse(text).body) if isinstance(node, ast.ClassDef) and node.name == name]


def constructors(text: str, node: ast.ClassDef) -> list[ast.FunctionDef]:
    """Return the constructors of a class: its own, or those of the nearest base class in the same file.

    Several if it is defined under conditions; none if it comes from an imported base class.
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
    """Tell whether a class itself defines the method, also by assignment: `forward_fuse = forward`."""
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
    """Yield statements and the statements inside them, in the file's order, except those in functions and classes."""
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
