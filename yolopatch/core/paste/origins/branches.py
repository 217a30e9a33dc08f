"""The branches of a class that its arguments never take: what only they need is not needed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from yolopatch.core.syntax import method, parse_expression

_UNKNOWN = object()


def values_in(call: str, constructor: ast.FunctionDef | None) -> Mapping[str, object]:
    """Return the values that are the same in every call of a constructor: numbers and words of the call, defaults.

    Args:
        call: the call that makes the class, as in the catalog.
        constructor: its `__init__`.
    """
    if constructor is None:
        return {}
    names = [one.arg for one in (*constructor.args.posonlyargs, *constructor.args.args)][1:]
    defaults = constructor.args.defaults
    found = {name: _value(node) for name, node in zip(names[len(names) - len(defaults) :], defaults)}
    named = zip(constructor.args.kwonlyargs, constructor.args.kw_defaults)
    found |= {one.arg: _value(node) for one, node in named if node is not None}
    given = parse_expression(call) if call else None
    if isinstance(given, ast.Call):
        found |= {name: _value(node) for name, node in zip(names, given.args)}
        found |= {one.arg: _value(one.value) for one in given.keywords if one.arg}
    stored = {
        node.id for node in ast.walk(constructor) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return {name: value for name, value in found.items() if value is not _UNKNOWN and name not in stored}


def without_dead_branches(node: ast.ClassDef, values: Mapping[str, object]) -> ast.ClassDef:
    """Return a class without the branches of its constructor that these arguments never take."""
    constructor = method(node, "__init__")
    if constructor is None or not values:
        return node
    found = copy.deepcopy(node)
    at = found.body.index(
        next(one for one in found.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    )
    found.body[at] = _Live(values).visit(found.body[at])
    return found


class _Live(ast.NodeTransformer):
    """Takes out the branches of a function whose conditions are known."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Leave the branch that is taken, if that is known."""
        self.generic_visit(node)
        truth = self._truth(node.test)
        if truth is None:
            return node
        return (node.body if truth else node.orelse) or [ast.Pass()]

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Leave the value that is taken, if that is known."""
        self.generic_visit(node)
        truth = self._truth(node.test)
        return node if truth is None else node.body if truth else node.orelse

    def _truth(self, test: ast.expr) -> bool | None:
        if isinstance(test, ast.Name):
            return bool(self._values[test.id]) if test.id in self._values else None
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._truth(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            return self._joined(test)
        return self._compared(test) if isinstance(test, ast.Compare) else None

    def _joined(self, test: ast.BoolOp) -> bool | None:
        ends = isinstance(test.op, ast.Or)  # the value that decides alone
        parts = [self._truth(part) for part in test.values]
        if ends in parts:
            return ends
        return None if None in parts else not ends

    def _compared(self, test: ast.Compare) -> bool | None:
        name, other = test.left, test.comparators[0]
        if len(test.ops) != 1 or not isinstance(name, ast.Name) or name.id not in self._values:
            return None
        against = _value(other)
        if against is _UNKNOWN:
            return None
        same = self._values[name.id] == against
        if isinstance(test.ops[0], (ast.Eq, ast.Is)):
            return same
        return not same if isinstance(test.ops[0], (ast.NotEq, ast.IsNot)) else None


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return _UNKNOWN
