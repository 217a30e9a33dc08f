"""Follow the few statements by which a parser makes the arguments of a row, with the row's own values."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, group: value in group,
    ast.NotIn: lambda value, group: value not in group,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_TYPES = {"int": int, "float": float, "str": str, "list": list, "tuple": tuple, "bool": bool, "dict": dict}
_LONGEST = 10_000  # of a list or a text; a row has a few values
_WIDE = re.compile(r"\d{5}|\*")  # in a format: a width of that many digits, or one that a value gives


class Undecided(Exception):
    """The code does something that is not followed, or decides by a value that is not known."""


@dataclass(frozen=True)
class Unknown:
    """A value that is known only when a model is built, by how it is computed: the channels of another layer."""

    text: str


def _make_divisible(value: float, divisor: int = 8) -> int:
    return math.ceil(value / divisor) * divisor


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "max": max,
    "min": min,
    "round": round,
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
    "len": len,
    "sum": sum,
    "abs": abs,
    "make_divisible": _make_divisible,
    "math.ceil": math.ceil,
}
_METHODS = ("append", "insert", "extend", "pop")


@dataclass
class Following:
    """Runs statements on values.

    Attributes:
        values: what each name has; the statements change it.
    """

    values: dict[str, Any]

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Run statements.

        Raises:
            Undecided: one of them cannot be followed, or would raise.
        """
        for node in body:
            try:
                self._statement(node)
            except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
                raise Undecided(ast.unparse(node)) from error

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AugAssign):
            old = self.value(_loaded(node.target))
            self._assign(node.target, _combined(node.op, old, self.value(node.value)))
        elif isinstance(node, ast.If):
            self.run(node.body if self._truth(node.test) else node.orelse)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._method(node.value)
        elif not isinstance(node, ast.Pass):
            raise Undecided(ast.unparse(node))

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.values[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, list | tuple) and len(value) == len(target.elts):
            for part, one in zip(target.elts, value):
                self._assign(part, one)
        elif isinstance(target, ast.Subscript):
            self.value(target.value)[self.value(target.slice)] = value
        elif isinstance(target, ast.Attribute):
            self.values[ast.unparse(target)] = value
        else:
            raise Undecided(ast.unparse(target))

    def _method(self, node: ast.Call) -> None:
        function = node.func
        if not (isinstance(function, ast.Attribute) and function.attr in _METHODS and not node.keywords):
            raise Undecided(ast.unparse(node))
        subject = self.value(function.value)
        if not isinstance(subject, list) or len(subject) > _LONGEST:
            raise Undecided(ast.unparse(node))
        getattr(subject, function.attr)(*self._listed(node.args))

    def _truth(self, node: ast.expr) -> bool:
        value = self.value(node)
        if _unknown(value):
            raise Undecided(ast.unparse(node))
        return bool(value)

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression; raises as `run`."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return self._listed(node.elts)
        if isinstance(node, ast.BinOp):
            return _combined(node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return self._all(node)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.IfExp):
            return self.value(node.body if self._truth(node.test) else node.orelse)
        if isinstance(node, ast.Subscript):
            return self._item(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return list(self._comprehended(node))
        raise Undecided(ast.unparse(node))

    def _name(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        raise Undecided(name)

    def _listed(self, nodes: Sequence[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += self.value(node.value)
            else:
                found.append(self.value(node))
        return found

    def _unary(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return not self._truth(node.operand)
        value = self.value(node.operand)
        if _unknown(value) or not isinstance(node.op, ast.USub):
            raise Undecided(ast.unparse(node))
        return -value

    def _all(self, node: ast.BoolOp) -> Any:
        stops = isinstance(node.op, ast.Or)
        value: Any = None
        for part in node.values:
            value = self.value(part)
            if _unknown(value):
                raise Undecided(ast.unparse(node))
            if bool(value) is stops:
                break
        return value

    def _compared(self, node: ast.Compare) -> bool:
        left, right = self.value(node.left), self.value(node.comparators[0])
        if len(node.ops) != 1 or _unknown(left) or _unknown(right):
            raise Undecided(ast.unparse(node))
        return _COMPARISONS[type(node.ops[0])](left, right)

    def _item(self, node: ast.Subscript) -> Any:
        subject = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            ends = (node.slice.lower, node.slice.upper, node.slice.step)
            return subject[slice(*(None if end is None else self.value(end) for end in ends))]
        place = self.value(node.slice)
        if isinstance(subject, Channels):
            return Unknown(f"ch[{place}]")
        if isinstance(subject, Unknown):
            return Unknown(f"{subject.text}[{place}]")
        return subject[place]

    def _called(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        if name == "isinstance" and len(node.args) == 2:
            return self._is_instance(node)
        arguments = self._listed(node.args)
        keywords = [self.value(one.value) for one in node.keywords]
        if name not in _FUNCTIONS:
            raise Undecided(name)
        if _unknown([arguments, keywords]):
            return Unknown(f"{name}({arguments}, {keywords})")
        return _FUNCTIONS[name](*arguments, *keywords)

    def _is_instance(self, node: ast.Call) -> bool:
        value, kinds = self.value(node.args[0]), node.args[1]
        names = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
        types = [_TYPES.get(ast.unparse(one)) for one in names]
        if None in types or isinstance(value, Unknown):
            raise Undecided(ast.unparse(node))
        return isinstance(value, tuple(one for one in types if one))

    def _comprehended(self, node: ast.ListComp | ast.GeneratorExp) -> Iterator[Any]:
        first = node.generators[0]
        items = self.value(first.iter)
        if len(node.generators) != 1 or not isinstance(items, list) or len(items) > _LONGEST:
            raise Undecided(ast.unparse(node))
        inner = Following(dict(self.values))
        for item in items:
            inner._assign(first.target, item)
            if all(inner._truth(test) for test in first.ifs):
                yield inner.value(node.elt)


class Channels:
    """The channels of the layers above, which are not followed."""


def _combined(sign: ast.operator, left: Any, right: Any) -> Any:
    if _unknown(left) or _unknown(right):
        return Unknown(f"({left} {type(sign).__name__} {right})")
    if type(sign) not in _OPERATORS or _may_be_long(sign, left, right):
        raise Undecided(type(sign).__name__)
    return _OPERATORS[type(sign)](left, right)


def _may_be_long(sign: ast.operator, left: Any, right: Any) -> bool:
    """Tell whether a list or a text may come out that fills the memory: one that is repeated, or written by a width."""
    if isinstance(sign, ast.Mod):
        return isinstance(left, str) and bool(_WIDE.search(left))
    for group, times in ((left, right), (right, left)):
        if isinstance(sign, ast.Mult) and isinstance(group, list | tuple | str):
            return not isinstance(times, int) or len(group) * times > _LONGEST
    return False


def _unknown(value: Any) -> bool:
    return isinstance(value, Unknown | Channels) or (isinstance(value, list) and any(map(_unknown, value)))


def _loaded(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.Name(node.id, ast.Load())
    if isinstance(node, ast.Subscript):
        return ast.Subscript(node.value, node.slice, ast.Load())
    raise Undecided(ast.unparse(node))
