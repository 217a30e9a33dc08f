"""The classes, functions and methods of a file, by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from yolopatch.core.fork.names.texts import python_text
from yolopatch.core.syntax import parse

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def file_definitions(path: str, data: bytes) -> dict[str, list[Definition]]:
    """Return what a Python file defines, as `definitions` does; nothing of one that cannot be read."""
    text = python_text(path, data)
    try:
        return definitions(parse(text)) if text is not None else {}
    except SyntaxError:
        return {}


def definitions(tree: ast.Module) -> dict[str, list[Definition]]:
    """Return what a file defines: classes and functions at its top, also under `if` and `try`, and methods.

    Returns:
        the nodes by name, such as `C2f`, `C2f.forward`, `autopad`. Several nodes have one name where a file defines it
        several times, as with a property and its setter.
    """
    found: dict[str, list[Definition]] = {}
    for node in _defined(tree.body):
        found.setdefault(node.name, []).append(node)
        if isinstance(node, ast.ClassDef):
            for inner in _defined(node.body):
                found.setdefault(f"{node.name}.{inner.name}", []).append(inner)
    return found


def _defined(body: Sequence[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        else:
            yield from _defined([part for part in _inside(node) if isinstance(part, ast.stmt)])


def _inside(node: ast.stmt) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from ast.iter_child_nodes(child)
        else:
            yield child
