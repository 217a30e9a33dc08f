"""Statements that are followed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow.attributes import set_attribute, set_part
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.file_names import library_imports
from yolopatch.core.paste.follow.numbers import arithmetic
from yolopatch.core.paste.follow.rules.arrays import forget
from yolopatch.core.paste.follow.rules.in_place import require_fits
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.signature import defaults
from yolopatch.core.paste.follow.values import Function, Scope, Tensor

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_RETURN, _BREAK, _CONTINUE = "return", "break", "continue"


@dataclass(frozen=True)
class Signal:
    """How statements end early; `value` is what they return."""

    kind: str
    value: Any = None


def assign(machine: Machine, target: ast.expr, value: Any, scope: Scope) -> None:
    """Assign a value to a name, an attribute, an element, or several of them.

    Raises:
        Fails: the value has another number of elements.
    """
    if isinstance(target, ast.Name):
        scope.names[target.id] = value
    elif isinstance(target, ast.Attribute):
        set_attribute(machine, machine.evaluate(target.value, scope), target.attr, value)
    elif isinstance(target, ast.Subscript):
        set_part(machine, machine.evaluate(target.value, scope), machine.evaluate(target.slice, scope), value)
        if isinstance(target.value, ast.Subscript):
            forget(machine.evaluate(target.value.value, scope))  # a row of an array is a view of it
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(machine, target.elts, value, scope)
    else:
        raise Open("an assignment")


def _unpack(machine: Machine, targets: list[ast.expr], value: Any, scope: Scope) -> None:
    values = list(machine.iterate(value))
    stars = [n for n, one in enumerate(targets) if isinstance(one, ast.Starred)]
    if (not stars and len(values) != len(targets)) or (stars and len(values) < len(targets) - 1):
        raise Fails(f"{len(targets)} names for {shown(value)}, which has {len(values)} elements", "ValueError")
    if stars:
        at, more = stars[0], len(values) - len(targets) + 1
        values[at : at + more] = [values[at : at + more]]
    for one, its in zip(targets, values):
        assign(machine, one.value if isinstance(one, ast.Starred) else one, its, scope)


def _assign(machine: Machine, node: ast.Assign, scope: Scope) -> None:
    value = machine.evaluate(node.value, scope)
    for target in node.targets:
        assign(machine, target, value, scope)


def _annotated(machine: Machine, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        assign(machine, node.target, machine.evaluate(node.value, scope), scope)


def _augmented(machine: Machine, node: ast.AugAssign, scope: Scope) -> None:
    target = node.target
    loaded: ast.expr
    if isinstance(target, ast.Name):
        loaded = ast.copy_location(ast.Name(target.id, ast.Load()), target)
    elif isinstance(target, ast.Attribute):
        loaded = ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    else:
        loaded = ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    have, value = machine.evaluate(loaded, scope), machine.evaluate(node.value, scope)
    if isinstance(have, list) and isinstance(node.op, ast.Add):
        have.extend(machine.iterate(value))
        return
    if isinstance(have, Tensor) and isinstance(target, ast.Subscript):
        require_fits(arithmetic(machine, node.op, have, value), have)
        set_part(machine, machine.evaluate(target.value, scope), slice(None), None)  # its values are others
        return
    result = arithmetic(machine, node.op, have, value)
    if isinstance(have, Tensor) and not isinstance(node.op, ast.MatMult):
        require_fits(result, have)
    assign(machine, target, result, scope)


def _return(machine: Machine, node: ast.Return, scope: Scope) -> Signal:
    return Signal(_RETURN, machine.evaluate(node.value, scope) if node.value else None)


def _if(machine: Machine, node: ast.If, scope: Scope) -> Signal | None:
    try:
        taken = machine.truth(machine.evaluate(node.test, scope))
    except Open:
        # on the values of a tensor: weights are set, `if w[i] < 0: w[i] = 0`
        if all(_fills(machine, one, scope) for one in (*node.body, *node.orelse)):
            return None
        raise
    return machine.execute(node.body if taken else node.orelse, scope)


def _fills(machine: Machine, node: ast.stmt, scope: Scope) -> bool:
    """Tell whether a statement only sets values of a tensor, which changes no shape."""
    if isinstance(node, ast.If):
        return all(_fills(machine, one, scope) for one in (*node.body, *node.orelse))
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    else:
        return isinstance(node, ast.Pass)
    return all(isinstance(one, ast.Subscript) and _is_tensor(machine, one.value, scope) for one in targets)


def _is_tensor(machine: Machine, node: ast.expr, scope: Scope) -> bool:
    try:
        return isinstance(machine.evaluate(node, scope), Tensor)
    except (Fails, Open):  # it is not known
        return False


def _for(machine: Machine, node: ast.For, scope: Scope) -> Signal | None:
    for value in machine.iterate(machine.evaluate(node.iter, scope)):
        assign(machine, node.target, value, scope)
        signal = machine.execute(node.body, scope)
        if signal and signal.kind == _BREAK:
            return None
        if signal and signal.kind == _RETURN:
            return signal
    return machine.execute(node.orelse, scope)


def _while(machine: Machine, node: ast.While, scope: Scope) -> Signal | None:
    while machine.truth(machine.evaluate(node.test, scope)):
        signal = machine.execute(node.body, scope)
        if signal and signal.kind == _BREAK:
            return None
        if signal and signal.kind == _RETURN:
            return signal
    return machine.execute(node.orelse, scope)


def _with(machine: Machine, node: ast.With, scope: Scope) -> Signal | None:
    for item in node.items:
        value = machine.evaluate(item.context_expr, scope)
        if item.optional_vars is not None:
            assign(machine, item.optional_vars, value, scope)
    return machine.execute(node.body, scope)


def _try(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    try:
        signal = machine.execute(node.body, scope) or machine.execute(node.orelse, scope)
    except Fails as error:
        handler = next((one for one in node.handlers if _catches(one, error)), None)
        if handler is None:
            raise
        if handler.name:
            scope.names[handler.name] = machine.unknown(f"the exception {handler.name}")
        signal = machine.execute(handler.body, scope)
    return machine.execute(node.finalbody, scope) or signal


def _catches(handler: ast.ExceptHandler, error: Fails) -> bool:
    if handler.type is None:
        return True
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in ("Exception", "BaseException", error.name) for one in names)


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> None:
    name = ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc) if node.exc else "an exception"
    raise Fails(f"the code raises {name} here", name)


def _assert(machine: Machine, node: ast.Assert, scope: Scope) -> None:
    if not machine.truth(machine.evaluate(node.test, scope)):
        raise Fails(f"`assert {ast.unparse(node.test)[:80]}` does not hold", "AssertionError")


def _define(machine: Machine, node: ast.FunctionDef, scope: Scope) -> None:
    scope.names[node.name] = Function(node, scope, defaults(machine, node, scope), scope.owner)


def _import(machine: Machine, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    scope.names.update(library_imports(node))


def _delete(machine: Machine, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)


def _evaluate(machine: Machine, node: ast.Expr, scope: Scope) -> None:
    machine.evaluate(node.value, scope)


HANDLERS: dict[type[ast.stmt], Callable[[Any, Any, Scope], Signal | None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Return: _return,
    ast.If: _if,
    ast.For: _for,
    ast.While: _while,
    ast.With: _with,
    ast.Try: _try,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.FunctionDef: _define,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Delete: _delete,
    ast.Expr: _evaluate,
    ast.Pass: lambda machine, node, scope: None,
    ast.Global: lambda machine, node, scope: None,
    ast.Nonlocal: lambda machine, node, scope: None,
    ast.Break: lambda machine, node, scope: Signal(_BREAK),
    ast.Continue: lambda machine, node, scope: Signal(_CONTINUE),
}
