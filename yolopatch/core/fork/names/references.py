"""The names that a piece of code takes from its file: not its own variables, and with the attributes behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from yolopatch.core.fork.names.definitions import Binding, import_bindings

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def free_names(*nodes: ast.AST, asked: bool = True) -> set[str]:
    """Return each name that code takes from its file, as far as its attributes go: `ops.nms`, `torch.nn.Module`.

    A name that a function binds (an argument, a variable) is its own. One that it imports is not: see `inner_imports`.

    Args:
        asked: whether to return the classes that `isinstance` only asks for, too.
    """
    return set().union(*(_free(node, frozenset(), asked) for node in nodes))


def dotted_name(node: ast.AST) -> str | None:
    """Return `a.b.c` for such an expression, None for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def inner_imports(nodes: Iterable[ast.AST], package: str) -> dict[str, Binding]:
    """Return what imports inside functions bind, by name; `package` is the one that their file lies in."""
    imports = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom))
    return {binding.name: binding for part in imports for binding in import_bindings(part, package)}


def bound_names(function: ast.AST) -> frozenset[str]:
    """Return the arguments and variables of a function; of what is defined in it, the names alone."""
    found: set[str] = set()
    shared: set[str] = set()
    todo = list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Global):
            shared |= set(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif not isinstance(node, ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return frozenset(found - shared)


def _free(node: ast.AST, own: frozenset[str], asked: bool) -> set[str]:
    found: set[str] = set()
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, _Function):
            found |= _free_in_function(part, own, asked)
            continue
        dotted = dotted_name(part)
        if dotted is None:
            todo += part.args[:1] if not asked and _only_asks(part) else ast.iter_child_nodes(part)
        elif dotted.split(".")[0] not in own:
            found.add(dotted)
    return found


def _only_asks(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and dotted_name(node.func) in ("isinstance", "issubclass")


def _free_in_function(node: _Function, own: frozenset[str], asked: bool) -> set[str]:
    inner = own | bound_names(node)
    body = node.body if isinstance(node.body, list) else [node.body]
    around = (_free(part, own, asked) for part in _outside(node))
    return set().union(*around, *(_free(part, inner, asked) for part in body))


def _outside(node: _Function) -> Iterator[ast.AST]:
    """Yield what Python evaluates where the function is defined: decorators, defaults, type hints."""
    yield node.args
    if not isinstance(node, ast.Lambda):
        yield from node.decorator_list
        if node.returns:
            yield node.returns
