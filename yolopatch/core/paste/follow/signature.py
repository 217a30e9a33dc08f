"""The arguments of the file's functions, and the fields of its records: their defaults, and what a call gives them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.values import Function, Instance, Keywords, Scope

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_RECORDS = ("NamedTuple", "typing.NamedTuple")


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
        scope.names[arguments.kwarg.arg] = Keywords(named)
    elif named:
        raise Fails(f"{name} has no argument {next(iter(named))}", "TypeError")


def is_record(machine: Machine, name: str) -> bool:
    """Tell whether the fields of a class make its constructor: of a dataclass, or of a NamedTuple."""
    node = machine.paste.classes[name]
    marks = {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list}
    return "dataclass" in marks or any(base in _RECORDS for base in machine.paste.bases(name))


def fill_fields(machine: Machine, made: Instance, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Give a new object its fields, by the arguments of its constructor.

    Raises:
        Fails: a field has neither a value nor a default, or there is no such field.
    """
    fields = dict(_fields(machine, made.owner))
    if len(given) > len(fields):
        raise Fails(f"{made.owner} takes {len(fields)} values, and gets {len(given)}", "TypeError")
    values = {**dict(zip(fields, given)), **named}
    foreign = next((name for name in values if name not in fields), None)
    if foreign is not None:
        raise Fails(f"{made.owner} has no argument {foreign}", "TypeError")
    for name, default in fields.items():
        if name in values:
            made.attributes[name] = values[name]
        elif default is None:
            raise Fails(f"{made.owner} gets no {name}", "TypeError")
        else:
            made.attributes[name] = _default(machine, default, Scope(owner=made.owner))


def _fields(machine: Machine, name: str) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the fields of a class, those of its base classes first, each with its default."""
    owners = [one for one in (name, *machine.paste.bases(name)) if one in machine.paste.classes]
    for owner in reversed(owners):
        for part in machine.paste.classes[owner].body:
            is_field = isinstance(part, ast.AnnAssign) and "ClassVar" not in ast.unparse(part.annotation)
            if is_field and isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                yield part.target.id, part.value


def _default(machine: Machine, node: ast.expr, scope: Scope) -> Any:
    """Return the default of a field; `field(default_factory=...)` makes one for each object."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "field":
        named = {one.arg: one.value for one in node.keywords}
        if "default_factory" in named:
            return machine.call(machine.evaluate(named["default_factory"], scope))
        if "default" in named:
            return machine.evaluate(named["default"], scope)
    return machine.evaluate(node, scope)
