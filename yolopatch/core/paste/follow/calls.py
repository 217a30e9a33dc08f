"""Calls: of the file's functions and classes, of layers, and of libraries."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow import attributes, uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.libraries import call_library, first_given
from yolopatch.core.paste.follow.methods import base_constructor
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.rules.upstream.blocks import WHOLE
from yolopatch.core.paste.follow.signature import bind, fill_fields, is_record
from yolopatch.core.paste.follow.values import (
    SELF,
    Builtin,
    Function,
    Instance,
    Layer,
    Library,
    PastedClass,
    Scope,
    Unknown,
    unknown_in,
)

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine


def call(machine: Machine, called: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return what a call gives.

    Raises:
        Fails: it raises.
        Open: it cannot be followed.
    """
    if isinstance(called, Unknown):
        machine.note((*given, *named.values()), uses.OTHER)
        return called
    if isinstance(called, Function):
        return _function(machine, called, given, named)
    if isinstance(called, PastedClass):
        return _construct(machine, called, given, named)
    if isinstance(called, (Instance, Layer)):
        return _module(machine, called, given, named)
    if isinstance(called, Builtin):
        return _known(machine, called, given, named)
    if isinstance(called, Library):
        return call_library(machine, called, given, named)
    machine.note(called, uses.CALLED)
    raise Fails(f"a call of {shown(called)}", "TypeError")


def _module(machine: Machine, called: Instance | Layer, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return what a module gives, as its hooks change it: None of a hook changes nothing."""
    for hook in called.hooks.before:
        changed = machine.call(hook, called, given)
        if changed is not None:
            given = changed if isinstance(changed, tuple) else (changed,)
    if isinstance(called, Instance):
        result = _instance(machine, called, given, named)
    else:
        result = _known(machine, called, given, named)
    for hook in called.hooks.after:
        changed = machine.call(hook, called, given, result)
        result = result if changed is None else changed
    return result


def _known(machine: Machine, called: Layer | Builtin, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    if isinstance(called, Builtin):
        return _followed(machine, called.name, lambda: called.run(*called.given, *given, **named))
    run = called.call
    if run is None:
        raise Open(f"a call of {called.name}")
    given, named = first_given(given, named)
    unknown = unknown_in(given)
    return unknown or _followed(machine, called.name, lambda: run(machine, *given, **named))


def _followed(machine: Machine, name: str, run: Any) -> Any:
    try:
        return run()
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise Open(f"the call of {name}") from error
    except RecursionError as error:
        raise Open("calls inside each other") from error


def _instance(machine: Machine, called: Instance, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    if "forward" in called.attributes:  # chosen in the constructor: self.forward = self.forward_slicing
        return machine.call(called.attributes["forward"], *given, **named)
    name = "forward" if machine.paste.method(called.owner, "forward") else "__call__"
    if machine.paste.method(called.owner, name):
        return machine.call(attributes.attribute(machine, called, name), *given, **named)
    if called.base is not None:
        if called.base.name in WHOLE and any(isinstance(one, (Layer, Instance)) for one in called.attributes.values()):
            raise Open(f"the forward of upstream's {called.base.name} with other parts")
        return _known(machine, called.base, given, named)
    raise Open(f"the forward of {called.owner}")


def _construct(machine: Machine, called: PastedClass, given: tuple[Any, ...], named: Mapping[str, Any]) -> Instance:
    made = Instance(called.name, given=given, named=named)
    if machine.making:
        _fill(machine, made, given, named)
        return made
    machine.made.append(made)
    machine.making = True
    try:
        _fill(machine, made, given, named)
    finally:
        machine.making = False
    return made


def _fill(machine: Machine, made: Instance, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Follow the constructor of a new object."""
    called = PastedClass(made.owner)
    if machine.paste.method(called.name, "__init__"):
        machine.call(attributes.attribute(machine, made, "__init__"), *given, **named)
    elif is_record(machine, called.name):
        fill_fields(machine, made, given, named)
        if machine.paste.method(called.name, "__post_init__"):
            machine.call(attributes.attribute(machine, made, "__post_init__"))
    else:
        outside = (one for one in machine.paste.bases(called.name) if one not in machine.paste.classes)
        base_constructor(machine, made, next(outside, ""), *given, **named)


def _function(machine: Machine, called: Function, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    scope = Scope(parent=called.scope, owner=called.owner)
    bound = (*called.bound, *given)
    if called.bound:
        scope.names[SELF] = called.bound[0]
    bind(called, bound, dict(named), scope)
    node = called.node
    if isinstance(node, ast.Lambda):
        return machine.evaluate(node.body, scope)
    if _yields(node):
        raise Open(f"the generator {node.name}", node.lineno)
    line = machine.line
    signal = machine.execute(node.body, scope)
    machine.line = line
    return signal.value if signal else None


@lru_cache(maxsize=1024)
def _yields(node: ast.FunctionDef) -> bool:
    """Tell whether a function is a generator; asked at each of its calls."""
    return any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in ast.walk(node))
