"""The names that a piece of code uses and defines, by Python's scope rules."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Mapping
from functools import lru_cache

from yolopatch.core.syntax import parse

# methods by which a list or a dict is filled
FILLING = frozenset({"update", "setdefault", "append", "extend", "insert", "add"})
_KNOWN = frozenset(dir(builtins)) | {"__class__", "__file__", "__name__", "__doc__"}


def first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, counted from 1; decorators are part of it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def last_line(node: ast.stmt) -> int:
    """Return the last line of a statement, counted from 1."""
    return node.end_lineno or node.lineno


def free(node: ast.stmt) -> set[str]:
    """Return the names that a top-level statement needs from outside."""
    # not the lines of the file: they may have other statements, too
    top = symtable.symtable(ast.unparse(node), "post", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    nested = {
        s.get_name() for table in nested_tables(top) for s in table.get_symbols() if s.is_global() and s.is_referenced()
    }
    return (used | nested) - _KNOWN


@lru_cache(maxsize=128)
def needs(text: str) -> Mapping[str, frozenset[str]]:
    """Return what each name at the top level of a file needs from outside; shared, so read it only."""
    found: dict[str, frozenset[str]] = {}
    for node in parse(text).body:
        needed = frozenset(free(node))
        for name in bound(node):
            found[name] = found.get(name, frozenset()) | needed
    return found


def bound(node: ast.stmt) -> set[str]:
    """Return the names that a top-level statement defines; `import *` defines `*`."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return {node.name}
    found: set[str] = set()
    for inner in _in_this_scope(node):
        if isinstance(inner, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in inner.names}
        elif isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(inner.name)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
    return found


def filled(node: ast.stmt) -> Iterator[str]:
    """Yield the names of the lists and dicts that a top-level statement fills: `BLOCKS["plain"] = Plain`."""
    if isinstance(node, ast.Assign):
        yield from (_base(one.value) for one in node.targets if isinstance(one, ast.Subscript))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr in FILLING:
            yield _base(called.value)


def _base(node: ast.expr) -> str:
    return ast.unparse(node).partition(".")[0].partition("[")[0]


def nested_tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Yield the tables of the classes and functions in a table, at every depth."""
    for child in table.get_children():
        yield child
        yield from nested_tables(child)


def _in_this_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a statement and everything inside, except the bodies of functions and classes."""
    yield node
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _in_this_scope(child)
