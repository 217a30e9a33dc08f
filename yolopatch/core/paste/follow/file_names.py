"""What a name means at the top level of a pasted file: an import, a class, a function, or what is assigned to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from yolopatch.core.paste.follow.values import Library
from yolopatch.core.paste.imports import USUAL
from yolopatch.core.paste.names import FILLING
from yolopatch.core.paste.origins.known import is_upstreams
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse

UPSTREAM = "upstream"


def imported_names(paste: Pasted) -> dict[str, Library]:
    """Return what the file imports, and what it may use without an import, by name."""
    found = {name: library for line in USUAL.values() for name, library in _imports(parse(line))}
    return {**found, **dict(_imports(paste.tree))}


def assigned_names(paste: Pasted) -> dict[str, ast.expr]:
    """Return what is assigned at the file's top level, by name; the last assignment counts."""
    return dict(_assigned(paste.tree.body))


def filled_names(paste: Pasted) -> frozenset[str]:
    """Return the names of what the code of a file fills after it was made: `REGISTRY["plain"] = Plain`."""
    return _filled(paste.text)


@lru_cache(maxsize=16)
def _filled(text: str) -> frozenset[str]:
    found = set()
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(ast.unparse(node.value).rpartition(".")[2])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FILLING:
            found.add(ast.unparse(node.func.value).rpartition(".")[2])
    return frozenset(found)


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def library_imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Library]]:
    """Yield the names that an import binds, each with what it is of its library."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            whole = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or whole, Library(whole)
        return
    place = UPSTREAM if is_upstreams(node) else node.module or ""
    for alias in node.names:
        yield alias.asname or alias.name, Library(f"{place}.{alias.name}")


def _imports(tree: ast.Module) -> Iterator[tuple[str, Library]]:
    for node in tree.body:
        inside = [node, *ast.walk(node)] if isinstance(node, (ast.Try, ast.If)) else [node]
        for one in inside:
            if isinstance(one, (ast.Import, ast.ImportFrom)):
                yield from library_imports(one)
