"""Expressions that are followed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow import statements
from yolopatch.core.paste.follow.attributes import attribute, part
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.numbers import arithmetic, comparison, negated
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.signature import defaults
from yolopatch.core.paste.follow.values import SELF, Function, Scope, Super, Unknown, hashable, unknown_in

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine


def _constant(machine: Machine, node: ast.Constant, scope: Scope) -> Any:
    return node.value


def _name(machine: Machine, node: ast.Name, scope: Scope) -> Any:
    return machine.name(node.id, scope)


def _attribute(machine: Machine, node: ast.Attribute, scope: Scope) -> Any:
    return attribute(machine, machine.evaluate(node.value, scope), node.attr)


def _subscript(machine: Machine, node: ast.Subscript, scope: Scope) -> Any:
    return part(machine, machine.evaluate(node.value, scope), machine.evaluate(node.slice, scope))


def _slice(machine: Machine, node: ast.Slice, scope: Scope) -> Any:
    ends = [machine.evaluate(one, scope) if one else None for one in (node.lower, node.upper, node.step)]
    return unknown_in(ends) or slice(*ends)


def _operation(machine: Machine, node: ast.BinOp, scope: Scope) -> Any:
    left = machine.evaluate(node.left, scope)
    right = machine.evaluate(node.right, scope)
    machine.line = node.lineno
    return arithmetic(machine, node.op, left, right)


def _sign(machine: Machine, node: ast.UnaryOp, scope: Scope) -> Any:
    return negated(machine, node.op, machine.evaluate(node.operand, scope))


def _comparison(machine: Machine, node: ast.Compare, scope: Scope) -> Any:
    left, result = machine.evaluate(node.left, scope), None
    for kind, one in zip(node.ops, node.comparators):
        right = machine.evaluate(one, scope)
        result = comparison(machine, kind, left, right)
        if len(node.ops) == 1:
            return result
        if not machine.truth(result):
            return False
        left = right
    return result


def _either(machine: Machine, node: ast.BoolOp, scope: Scope) -> Any:
    stops = isinstance(node.op, ast.Or)
    value: Any = None
    for one in node.values:
        value = machine.evaluate(one, scope)
        if isinstance(value, Unknown) or machine.truth(value) == stops:
            return value
    return value


def _choice(machine: Machine, node: ast.IfExp, scope: Scope) -> Any:
    return machine.evaluate(node.body if machine.truth(machine.evaluate(node.test, scope)) else node.orelse, scope)


def _elements(machine: Machine, nodes: list[ast.expr], scope: Scope) -> Iterator[Any]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            yield from machine.iterate(machine.evaluate(node.value, scope))
        else:
            yield machine.evaluate(node, scope)


def _list(machine: Machine, node: ast.List, scope: Scope) -> Any:
    return list(_elements(machine, node.elts, scope))


def _tuple(machine: Machine, node: ast.Tuple, scope: Scope) -> Any:
    return tuple(_elements(machine, node.elts, scope))


def _set(machine: Machine, node: ast.Set, scope: Scope) -> Any:
    return set(hashable(machine.known(list(_elements(machine, node.elts, scope)))))


def _dict(machine: Machine, node: ast.Dict, scope: Scope) -> Any:
    found: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values):
        if key is None:
            found.update(_mapping(machine, value, scope))
        else:
            (name,) = hashable([machine.evaluate(key, scope)])
            found[name] = machine.evaluate(value, scope)
    return found


def _mapping(machine: Machine, node: ast.expr, scope: Scope) -> dict[Any, Any]:
    """Return what stands behind the two stars of a call or of a dict."""
    value = machine.known(machine.evaluate(node, scope))
    if isinstance(value, dict):
        return value
    if value is None or isinstance(value, (int, float, str, list, tuple)):
        raise Fails(f"{shown(value)} has no names with values", "TypeError")
    raise Open(f"the names and values of {shown(value)}")


def _comprehension(machine: Machine, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Any:
    return [machine.evaluate(node.elt, inner) for inner in _rounds(machine, node.generators, scope.inside())]


def _dict_comprehension(machine: Machine, node: ast.DictComp, scope: Scope) -> Any:
    found: dict[Any, Any] = {}
    for inner in _rounds(machine, node.generators, scope.inside()):
        (name,) = hashable([machine.evaluate(node.key, inner)])
        found[name] = machine.evaluate(node.value, inner)
    return found


def _rounds(machine: Machine, generators: list[ast.comprehension], scope: Scope) -> Iterator[Scope]:
    """Yield a scope for each round of a comprehension's loops."""
    if not generators:
        yield scope
        return
    first, *rest = generators
    for value in machine.iterate(machine.evaluate(first.iter, scope)):
        statements.assign(machine, first.target, value, scope)
        if all(machine.truth(machine.evaluate(test, scope)) for test in first.ifs):
            yield from _rounds(machine, rest, scope)


def _lambda(machine: Machine, node: ast.Lambda, scope: Scope) -> Any:
    return Function(node, scope, defaults(machine, node, scope), scope.owner)


def _text(machine: Machine, node: ast.JoinedStr, scope: Scope) -> Any:
    parts = []
    for one in node.values:
        value = machine.evaluate(one.value, scope) if isinstance(one, ast.FormattedValue) else None
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
        elif isinstance(value, (int, str)) and getattr(one, "format_spec", None) is None:
            parts.append(str(value)[:1000])
        else:
            return machine.unknown("a text")
    return "".join(parts)


def _named(machine: Machine, node: ast.NamedExpr, scope: Scope) -> Any:
    value = machine.evaluate(node.value, scope)
    scope.names[node.target.id] = value
    return value


def _call(machine: Machine, node: ast.Call, scope: Scope) -> Any:
    if isinstance(node.func, ast.Name) and node.func.id == "super" and scope.holder("super") is None:
        return _super(machine, scope)
    called = machine.evaluate(node.func, scope)
    given = list(_elements(machine, node.args, scope))
    named: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            named.update(_mapping(machine, keyword.value, scope))
        else:
            named[keyword.arg] = machine.evaluate(keyword.value, scope)
    machine.line = node.lineno
    return machine.call(called, *given, **named)


def _super(machine: Machine, scope: Scope) -> Super:
    method: Scope | None = scope
    while method is not None and SELF not in method.names:
        method = method.parent
    if method is None or not scope.owner:
        raise Open("super() outside a method")
    return Super(scope.owner, method.names[SELF])


HANDLERS: dict[type[ast.expr], Callable[[Any, Any, Scope], Any]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BinOp: _operation,
    ast.UnaryOp: _sign,
    ast.Compare: _comparison,
    ast.BoolOp: _either,
    ast.IfExp: _choice,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Lambda: _lambda,
    ast.JoinedStr: _text,
    ast.NamedExpr: _named,
    ast.Call: _call,
}
