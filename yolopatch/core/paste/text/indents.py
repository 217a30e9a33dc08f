"""Indentation that a page broke: tabs among spaces, code below a line of prose."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yolopatch.core.paste.text.chunks import Chunk
from yolopatch.core.paste.text.prefixes import without_margin
from yolopatch.core.syntax import parse

_WIDTHS = (8, 4, 2)  # of a tab, in columns


def parses(lines: Sequence[str]) -> bool:
    """Tell whether these lines are Python."""
    try:
        parse("".join(lines))
    except SyntaxError:
        return False
    return True


def defines(chunk: Chunk) -> bool:
    """Tell whether a part that parses defines or imports something: it is more than a value or the type of a name."""
    means = (ast.Expr, ast.AnnAssign)
    return not all(isinstance(node, means) for node in parse(chunk.text).body)


def with_one_indent(lines: Sequence[str]) -> list[str]:
    """Return the lines with spaces for the tabs of their indentation.

    Empty where no width of a tab gives Python, or two give code that means something else.
    """
    if not any("\t" in _indent(line) for line in lines):
        return []
    ways = [[_indent(line).expandtabs(width) + line[len(_indent(line)) :] for line in lines] for width in _WIDTHS]
    good = [way for way in ways if parses(way) and not _is_torn(parse("".join(way)))]
    meant = {ast.dump(parse("".join(way))) for way in good}
    return good[0] if len(meant) == 1 else []


def indented_code(lines: Sequence[str]) -> list[str]:
    """Return the code below a line of prose, at the margin; empty if it is no file of its own."""
    code = without_margin(lines[1:])
    if not parses(code):
        return []
    body = parse("".join(code)).body
    whole = any(isinstance(node, (ast.ClassDef, ast.Import, ast.ImportFrom)) for node in body)
    return code if whole and not _has_methods(body) else []


def _has_methods(body: Sequence[ast.stmt]) -> bool:
    functions = (node for node in body if isinstance(node, ast.FunctionDef))
    return any(node.args.args and node.args.args[0].arg == "self" for node in functions)


def _is_torn(tree: ast.Module) -> bool:
    """Tell whether a statement of a method stands in the class or at the margin: it uses `self`, or returns."""
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    bodies = [tree.body, *(node.body for node in classes)]
    return _has_methods(tree.body) or any(_uses_self(statement) for body in bodies for statement in body)


def _uses_self(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return isinstance(statement, ast.Return) or any(node.id in ("self", "super") for node in names)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
