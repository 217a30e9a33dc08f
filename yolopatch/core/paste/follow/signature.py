"""The arguments of the file's functions: their defaults, and what a call gives them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.values import Function, Scope

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine


def defaults(machine: Machine, node: ast.FunctionDef | ast.Lambda, scope: Scope) -> dict[str, Any]:
    """Return the defaults of a function's arguments."""
    positional = [*node.args.posonlyargs, *node.args.args]
    count = len(node.args.defaults)
    pairs = [
        *zip(positional[len(positional) - count :], node.args.defaults),
        *((one, default) for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults) if default),
    ]
    return {one.arg: machine.evaluate(default, scope) for one, default in pairs}


def bind(called: Function, given: tuple[Any, ...], named: dict[str, Any], scope: Scope) -> None:
    """Give the arguments of a call their names in a scope.

    Raises:
        Fails: the call does not fit.
    """
    arguments, name = called.node.args, getattr(called.node, "name", "a function")
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    if len(given) > len(positional) and not arguments.vararg:
        less = 1 if called.bound else 0
        raise Fails(f"{name} takes {len(positional) - less} values, and gets {len(given) - less}", "TypeError")
    scope.names.update(zip(positional, given))
    if arguments.vararg:
        scope.names[arguments.vararg.arg] = tuple(given[len(positional) :])
    for one in (*positional[len(given) :], *(keyword.arg for keyword in arguments.kwonlyargs)):
        if one in named:
            scope.names[one] = named.pop(one)
        elif one in called.defaults:
            scope.names[one] = called.defaults[one]
        else:
            raise Fails(f"{name} gets no {one}", "TypeError")
    if arguments.kwarg:
        scope.names[arguments.kwarg.arg] = named
    elif named:
        raise Fails(f"{name} has no argument {next(iter(named))}", "TypeError")
