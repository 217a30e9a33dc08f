"""The functions and classes of a file, and what each does: to tell an edit from a change of comments or layout."""

from __future__ import annotations

import ast
from pathlib import Path

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def functions(file: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions and methods of a file by name (`bbox_iou`, `BboxLoss.forward`); {} if it is no Python."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}": part for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


def meaning(node: ast.stmt | None) -> str:
    """Return what a definition does as text: without comments, docstrings and layout; "" without one."""
    if node is None:
        return ""
    copy = ast.parse(ast.unparse(node))
    for part in ast.walk(copy):
        body = getattr(part, "body", None)
        if isinstance(part, DEFINITIONS) and isinstance(body, list) and ast.get_docstring(part):
            part.body = body[1:] or [ast.Pass()]
    return ast.unparse(copy)
