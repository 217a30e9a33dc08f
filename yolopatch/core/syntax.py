"""The syntax tree of a file, and what is asked of it everywhere: its classes, and a class's methods."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from functools import lru_cache

# Python reads and writes syntax trees by recursion, up to five calls for each level, and ends after 1,000 calls. A long
# chain is deep, too: each operator, attribute or `elif` is a level. The deepest file of torch has 61 levels.
_DEEPEST = 150


@lru_cache(maxsize=128)
def parse(text: str) -> ast.Module:
    """Return the syntax tree of a file; shared, so read it only.

    Raises:
        SyntaxError: it is no Python, or too deep to work with; `lineno` is None where no line is to blame.
    """
    return parse_anew(text)


def parse_anew(text: str) -> ast.Module:
    """Return a syntax tree of a file that is the caller's own; raises as `parse`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in the code
            tree = ast.parse(text)
    except ValueError as error:  # a null byte, before Python 3.12
        raise SyntaxError(str(error)) from error
    except (RecursionError, MemoryError) as error:  # Python's own limits; it does not say where
        raise SyntaxError("the code is too deep for Python") from error
    _refuse_deep(tree)
    return tree


def parse_expression(text: str) -> ast.expr:
    """Return the syntax tree of one expression; shared, so read it only.

    Raises:
        SyntaxError: as `parse`, or it is more than an expression.
    """
    body = parse(text).body
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise SyntaxError("more than an expression")
    return body[0].value


def source_of(lines: Sequence[str], node: ast.stmt | ast.expr) -> str:
    """Return the code of a node as it is written; `lines` are those of its file, with their ends.

    In time that grows with the text: before Python 3.13, ast's own function takes minutes for a line of a megabyte.
    """
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    part = [line.encode() for line in lines[first : last + 1]]
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][node.col_offset :]
    return b"".join(part).decode()


def _refuse_deep(tree: ast.AST) -> None:
    todo: list[tuple[ast.AST, int, int]] = [(tree, 0, 1)]
    while todo:
        node, depth, line = todo.pop()
        line = getattr(node, "lineno", line)
        if depth > _DEEPEST:
            found = f"more than {_DEEPEST} operators, attributes, calls or elif in one chain, or inside each other"
            raise SyntaxError(found, ("", line, None, None))
        todo += [(child, depth + 1, line) for child in ast.iter_child_nodes(node)]


def module_name(path: str) -> str:
    """Return the name by which a file is imported: `ultralytics.nn` for `ultralytics/nn/__init__.py`."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def used_names(*nodes: ast.AST) -> set[str]:
    """Return every name in this code."""
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}


def classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Return every class at the top level, by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def is_static(method: ast.FunctionDef) -> bool:
    """Tell whether a method gets no object: it is decorated with `staticmethod`."""
    return "staticmethod" in map(ast.unparse, method.decorator_list)


def method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """Return the method of this name that a class itself defines."""
    return next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name), None)
