"""Layers that were made with no channels, units or groups at all: a division of a small width gave 0."""

from __future__ import annotations

import ast
import inspect
import operator
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from torch.nn import Module

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mult: operator.mul,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
}
_CALLS: dict[str, Callable[..., Any]] = {"int": int, "round": round, "min": min}


def empty_parts(layer: Module) -> list[str]:
    """Return the dotted names of the modules in a layer that have a parameter without a value."""
    return [name for name, part in layer.named_modules() if any(not p.numel() for p in part.parameters(recurse=False))]


def zero_divisions(cls: type, given: Mapping[str, Any]) -> list[str]:
    """Return the divisions in a class's constructor that give 0 for these arguments: `c1 // 64, which is 32 // 64`.

    Args:
        cls: the class of a layer.
        given: what its constructor got, by name, with the defaults.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls.__init__)))  # type: ignore[misc]  # of this very class
    except (OSError, TypeError, SyntaxError):  # a class that was made at run time has no source
        return []
    values = {**_defaults(cls), **given}
    return list(dict.fromkeys(_zeros(tree, values)))


def _defaults(cls: type) -> dict[str, Any]:
    with suppress(TypeError, ValueError):
        parameters = inspect.signature(cls).parameters.values()
        return {one.name: one.default for one in parameters if one.default is not one.empty}
    return {}


def _zeros(tree: ast.AST, values: Mapping[str, Any]) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.FloorDiv, ast.Div)):
            continue
        with suppress(_Unknown, ArithmeticError, TypeError):
            if int(_value(node, values)) == 0:
                yield f"{ast.unparse(node)} is {_filled(node, values)}, so 0"


class _Unknown(Exception):
    """An expression that the arguments alone do not determine."""


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name) and isinstance(values.get(node.id), (int, float)):
        return values[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS and not node.keywords:
        return _CALLS[node.func.id](*(_value(one, values) for one in node.args))
    raise _Unknown


def _filled(node: ast.expr, values: Mapping[str, Any]) -> str:
    """Return an expression with the arguments' values in place of their names."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return ast.Constant(values[name.id]) if name.id in values else name

    return ast.unparse(Fill().visit(ast.parse(ast.unparse(node), mode="eval").body))
