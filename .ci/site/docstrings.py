"""The functions of `yolopatch.api` and what they return, read from the source: nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADINGS = ("Args", "Raises", "Attributes")
_HEADING = re.compile(rf"^(?:{'|'.join(_HEADINGS)}):$", re.M)


@dataclass(frozen=True)
class Described:
    """A function or a class with what its docstring says.

    Attributes:
        name: its name.
        signature: of a function, its arguments with their types and defaults, one a line; of a class, its fields.
        returns: the type of what a function returns; "" for a class.
        says: the text before the sections.
        sections: by `Args`, `Raises` and `Attributes`: each name with its meaning.
    """

    name: str
    signature: tuple[str, ...]
    returns: str
    says: str
    sections: dict[str, tuple[tuple[str, str], ...]]


def module_text(file: Path) -> str:
    """Return the docstring of a module."""
    return ast.get_docstring(_tree(file)) or ""


def functions(file: Path) -> list[Described]:
    """Return the public functions of a module, in its order."""
    defined = (node for node in _tree(file).body if isinstance(node, ast.FunctionDef))
    return [_function(node) for node in defined if not node.name.startswith("_")]


def result(file: Path, name: str, root: Path) -> Described:
    """Return a class that a module imports or defines."""
    for node in _tree(file).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _class(node)
    return result(_origin(file, name, root), name, root)


def _origin(file: Path, name: str, root: Path) -> Path:
    for node in _tree(file).body:
        if isinstance(node, ast.ImportFrom) and node.module and name in (one.name for one in node.names):
            return root / f"{node.module.replace('.', '/')}.py"
    raise LookupError(f"{file}: no class {name} is defined or imported")


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _function(node: ast.FunctionDef) -> Described:
    assert node.returns is not None
    return _described(node, tuple(_arguments(node.args)), ast.unparse(node.returns))


def _class(node: ast.ClassDef) -> Described:
    fields = tuple(ast.unparse(line) for line in node.body if isinstance(line, ast.AnnAssign))
    return _described(node, fields, "")


def _arguments(found: ast.arguments) -> Iterator[str]:
    positional = [*found.posonlyargs, *found.args]
    defaults = [None] * (len(positional) - len(found.defaults)) + list(found.defaults)
    yield from map(_argument, positional, defaults)
    if found.kwonlyargs:
        yield "*"
    yield from map(_argument, found.kwonlyargs, found.kw_defaults)


def _argument(one: ast.arg, default: ast.expr | None) -> str:
    value = f" = {ast.unparse(default)}" if default else ""
    return f"{ast.unparse(one)}{value}"


def _described(node: ast.FunctionDef | ast.ClassDef, signature: tuple[str, ...], returns: str) -> Described:
    text = ast.get_docstring(node) or ""
    headings = [*_HEADING.finditer(text)]
    says = text[: headings[0].start()] if headings else text
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    sections = {heading[0][:-1]: tuple(_entries(text[heading.end() : end])) for heading, end in zip(headings, ends)}
    return Described(node.name, signature, returns, says.strip(), sections)


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a section: `name: its meaning`, which may go on in lines that are indented further."""
    for entry in re.split(r"\n {4}(?=\S)", text):
        name, colon, meaning = " ".join(entry.split()).partition(": ")
        if colon:
            yield name, meaning
