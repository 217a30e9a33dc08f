"""Which definitions of upstream's own files a checkout has changed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from ..build.subject import Subject

_PARSER = "parse_model"  # a module's branch changes it, which changes none of upstream's own models


def edited_definitions(subject: Subject) -> list[str]:
    """Return the classes and functions of the imported files that the unchanged upstream has otherwise, with the file.

    Empty where there is no unchanged upstream to compare with.
    """
    if not subject.request.pristine:
        return []
    root, unchanged = Path(subject.request.workspace).resolve(), Path(subject.request.pristine)
    found = []
    for file in _imported(root):
        name = file.relative_to(root)
        other = unchanged / name
        if other.is_file() and other.read_bytes() != file.read_bytes():
            own, theirs = _definitions(file), _definitions(other)
            found += [(one, f"{name.as_posix()} ({one})") for one in own if theirs.get(one, own[one]) != own[one]]
    return [text for one, text in sorted(found) if one != _PARSER]


def _imported(root: Path) -> Iterator[Path]:
    files = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    for file in sorted(files):
        path = Path(file)
        if file.endswith(".py") and path.is_absolute() and path.resolve().is_relative_to(root):
            yield path.resolve()


def _definitions(file: Path) -> dict[str, str]:
    """Return what each class and function at a file's top says, without docstrings; the last of a name counts."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return {}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: _meaning(node) for node in tree.body if isinstance(node, kinds)}


def _meaning(node: ast.AST) -> str:
    for part in ast.walk(node):
        body = getattr(part, "body", None)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and isinstance(body, list):
            part.body = body[1:] or [ast.Pass()] if ast.get_docstring(part) else body
    return ast.dump(node)
