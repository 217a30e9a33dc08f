"""The branches of a file that are never taken: what only they need is not needed.

A class is made with the same values each time, and a file has constants. On what is in the environment, a file decides
as on a computer where nobody set the variables that it asks for.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Mapping, Sequence

from yolopatch.core.syntax import method, parse_expression

_UNKNOWN = object()
_ENVIRONMENT = ("os.environ", "environ")
_READS = ("os.environ.get", "environ.get", "os.getenv", "getenv")
_CONVERTS: Mapping[str, type] = {"int": int, "bool": bool, "float": float, "str": str}
_OF_TEXT = ("lower", "upper", "strip")

Values = Mapping[str, object]


def values_in(call: str, constructor: ast.FunctionDef | None) -> Values:
    """Return the values that are the same in every call of a constructor: numbers and words of the call, defaults.

    Args:
        call: the call that makes the class, as in the catalog.
        constructor: its `__init__`.
    """
    if constructor is None:
        return {}
    names = [one.arg for one in (*constructor.args.posonlyargs, *constructor.args.args)][1:]
    defaults = constructor.args.defaults
    found = {name: _literal(node) for name, node in zip(names[len(names) - len(defaults) :], defaults)}
    named = zip(constructor.args.kwonlyargs, constructor.args.kw_defaults)
    found |= {one.arg: _literal(node) for one, node in named if node is not None}
    given = parse_expression(call) if call else None
    if isinstance(given, ast.Call):
        found |= {name: _literal(node) for name, node in zip(names, given.args)}
        found |= {one.arg: _literal(one.value) for one in given.keywords if one.arg}
    stored = _stored(constructor)
    return {name: value for name, value in found.items() if value is not _UNKNOWN and name not in stored}


def constants(tree: ast.Module) -> Values:
    """Return the names of a file to which it assigns one value that is known."""
    return _constants(tree.body, _stored(tree), {})


def without_dead_branches(node: ast.stmt, of_file: Values, made: Values, symbol: str) -> ast.stmt:
    """Return a statement at a file's top level without the branches that are never taken; the conditions stay.

    Args:
        node: the statement.
        of_file: the constants of the file.
        made: the values of the arguments of the class's constructor that are always the same.
        symbol: the class.
    """
    constructor = method(node, "__init__") if isinstance(node, ast.ClassDef) and node.name == symbol else None
    if not (made and constructor) and not _named_in(node) & {"environ", "getenv", *of_file}:
        return node
    found = copy.deepcopy(node)
    _Live(of_file, constructor.lineno if constructor else 0, made).visit(found)
    return found


def _named_in(node: ast.stmt) -> set[str]:
    parts = [*ast.walk(node)]
    return {one.id for one in parts if isinstance(one, ast.Name)} | {
        one.attr for one in parts if isinstance(one, ast.Attribute)
    }


def _stored(node: ast.AST) -> Counter[str]:
    return Counter(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


def _constants(body: Sequence[ast.stmt], stored: Mapping[str, int], known: Values) -> Values:
    """Return the names to which these statements assign a known value, and nothing else assigns another one."""
    found = dict(known)
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(target, ast.Name) and stored.get(target.id) == 1:
            assert isinstance(node, ast.Assign)
            value = _value(node.value, found)
            if value is not _UNKNOWN:
                found[target.id] = value
    return found


class _Live(ast.NodeTransformer):
    """Takes out the branches whose conditions are known.

    Args:
        values: of names.
        constructor: the line of the function whose arguments have values; 0 for none.
        made: these values.
    """

    def __init__(self, values: Values, constructor: int = 0, made: Values | None = None) -> None:
        self._values = values
        self._constructor = constructor
        self._made = made or {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Go into a function with what it knows: its own names hide those of the file."""
        arguments = node.args
        taken = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        taken |= {one.arg for one in (arguments.vararg, arguments.kwarg) if one}
        stored = _stored(node)
        outside = {name: value for name, value in self._values.items() if name not in {*taken, *stored}}
        made = self._made if node.lineno == self._constructor else {}
        own = {name: count for name, count in stored.items() if name not in taken}
        inside = _Live(_constants(node.body, own, {**outside, **made}))
        for one in node.body:
            inside.visit(one)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Leave the branch that is taken, if that is known."""
        self.generic_visit(node)
        truth = _truth(node.test, self._values)
        if truth is True:
            node.orelse = []
        elif truth is False:
            node.body = [ast.copy_location(ast.Pass(), node)]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Leave the value that is taken, if that is known."""
        self.generic_visit(node)
        truth = _truth(node.test, self._values)
        if truth is True:
            node.orelse = ast.copy_location(ast.Constant(None), node)
        elif truth is False:
            node.body = ast.copy_location(ast.Constant(None), node)
        return node


def _truth(test: ast.expr, values: Values) -> bool | None:
    """Return whether a condition holds; None where that is not known."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand, values)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        ends = isinstance(test.op, ast.Or)  # the value that decides alone
        parts = [_truth(part, values) for part in test.values]
        if ends in parts:
            return ends
        return None if None in parts else not ends
    found = _value(test, values)
    return None if found is _UNKNOWN else bool(found)


def _value(node: ast.expr, values: Values) -> object:
    """Return the value of an expression, `_UNKNOWN` where that is not known."""
    if isinstance(node, ast.Name):
        return values.get(node.id, _UNKNOWN)
    if isinstance(node, ast.Compare):
        return _compared(node, values)
    if isinstance(node, (ast.BoolOp, ast.UnaryOp)) and not _is_sign(node):
        truth = _truth(node, values)
        return _UNKNOWN if truth is None or isinstance(node, ast.BoolOp) else truth
    return _called(node, values) if isinstance(node, ast.Call) else _literal(node)


def _is_sign(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not)


def _compared(node: ast.Compare, values: Values) -> object:
    if len(node.ops) != 1:
        return _UNKNOWN
    (kind,), (right,) = node.ops, node.comparators
    left, other = _value(node.left, values), _value(right, values)
    if isinstance(kind, (ast.In, ast.NotIn)) and ast.unparse(right) in _ENVIRONMENT:
        return isinstance(kind, ast.NotIn)
    if left is _UNKNOWN or other is _UNKNOWN:
        return _UNKNOWN
    if isinstance(kind, (ast.Eq, ast.Is)):
        return left == other
    if isinstance(kind, (ast.NotEq, ast.IsNot)):
        return left != other
    if isinstance(kind, (ast.In, ast.NotIn)) and isinstance(other, (tuple, list, set)):
        return (left in [*other]) is isinstance(kind, ast.In)
    return _UNKNOWN


def _called(node: ast.Call, values: Values) -> object:
    """Return what a call gives that reads the environment, or converts a value that is known."""
    written = ast.unparse(node.func)
    if written in _READS:
        named = [one.value for one in node.keywords if one.arg == "default"]
        return next((_value(one, values) for one in (*node.args[1:], *named)), None)
    known = [_value(one, values) for one in node.args]
    if written in _CONVERTS and len(known) == 1 and isinstance(known[0], (str, int, float, type(None))):
        try:
            return _CONVERTS[written](known[0])
        except (ValueError, TypeError, OverflowError):
            return _UNKNOWN
    of = _value(node.func.value, values) if isinstance(node.func, ast.Attribute) else _UNKNOWN
    if isinstance(of, str) and isinstance(node.func, ast.Attribute) and node.func.attr in _OF_TEXT and not known:
        return getattr(of, node.func.attr)()
    return _UNKNOWN


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return _UNKNOWN
