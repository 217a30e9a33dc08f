"""The syntax tree of a file, and what is asked of it everywhere: its classes, and a class's methods."""

from __future__ import annotations

import ast
from functools import lru_cache


@lru_cache(maxsize=128)
def parse(text: str) -> ast.Module:
    """Return the syntax tree of a file; shared, so read it only.

    Raises:
        SyntaxError: it is no Python.
    """
    return ast.parse(text)


def used_names(*nodes: ast.AST) -> set[str]:
    """Return every name in this code."""
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Return every class at the top level, by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """Return the method of this name that a class itself defines."""
    return next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name), None)
