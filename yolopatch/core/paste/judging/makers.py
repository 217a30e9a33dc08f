"""A function that makes a whole network, `def net_s(pretrained=False)`: the class of the file, and its arguments."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from yolopatch.core.paste.calls import example
from yolopatch.core.paste.constructor import read_constructor
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.machine import Machine
from yolopatch.core.paste.follow.values import Instance, Layer, Library, Scope
from yolopatch.core.paste.judging.subject import values
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse_expression
from yolopatch.errors import UsageError
from yolopatch.wire.arguments import meaning_of

_WIDTH = 64  # of a layer, to see whether a function makes one


@dataclass(frozen=True)
class Made:
    """What a function makes: `symbol`, a class of the file, with these `arguments`, as `--args` has them."""

    symbol: str
    arguments: str


def made_by(paste: Pasted, function: str) -> Made | None:
    """Return what a function makes, called without arguments; None for no module, or one that `--args` cannot say."""
    machine = Machine(paste)
    made = _called(machine, function)
    if not isinstance(made, Instance) or not paste.is_module(made.owner):
        return None
    try:
        constructor = read_constructor(paste, made.owner)
    except UsageError:
        return None
    names = [one.name for one in constructor.arguments]
    given = {**dict(zip(names, made.given)), **made.named}
    defaults = {one.name: one.default for one in constructor.arguments}
    told = {name: value for name, value in given.items() if not _is_default(machine, value, defaults.get(name))}
    written = {name: _written(value) for name, value in told.items()}
    if len(made.given) > len(names) or not set(given) <= {*names} or not all(written.values()):
        return None
    return Made(made.owner, example(constructor, written))


def _called(machine: Machine, function: str) -> Any:
    """Return what a function gives; where its module cannot be followed to its end, the only one that it makes."""
    try:
        return machine.call(machine.name(function, Scope()))
    except Fails:
        return None
    except (Open, RecursionError):
        return machine.made[0] if len(machine.made) == 1 else None


def _is_default(machine: Machine, value: Any, default: str | None) -> bool:
    """Tell whether a value is a name of a library that the constructor has by default: `norm_layer=nn.BatchNorm2d`."""
    if not isinstance(value, Library) or default is None:
        return False
    try:
        return bool(machine.evaluate(parse_expression(default), Scope()) == value)
    except (Fails, Open):
        return False


def makes_module(paste: Pasted, function: str) -> bool:
    """Tell whether a function makes a layer or a network: `def conv_bn(c1, c2)`."""
    if any(maker_of(paste, name, function) for name in paste.modules):
        return True
    node = paste.functions[function]
    given = [_guess(one.arg) for one in node.args.args[: len(node.args.args) - len(node.args.defaults)]]
    machine = Machine(paste)
    try:
        made = machine.call(machine.name(function, Scope()), *given)
    except (Fails, Open, RecursionError):
        return False
    return isinstance(made, (Instance, Layer))


def _guess(name: str) -> Any:
    return values().get(meaning_of(name) or "", _WIDTH)


def maker_of(paste: Pasted, symbol: str, function: str = "") -> str:
    """Return a function of the file, or this one, if it makes a class, and needs no argument; "" for none."""
    functions = {function: paste.functions[function]} if function else paste.functions
    for name, node in functions.items():
        calls = (one.func for one in ast.walk(node) if isinstance(one, ast.Call))
        required = len(node.args.args) - len(node.args.defaults)
        if not required and any(isinstance(one, ast.Name) and one.id == symbol for one in calls):
            return name
    return ""


def _written(value: Any) -> str:
    """Return a value in Python, if `--args` can have it; "" for a layer, or what cannot be followed."""
    if isinstance(value, (list, tuple)):
        parts = [_written(one) for one in value]
        inside = ", ".join(parts)
        if not all(parts):
            return ""
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(parts) == 1 else ''})"
    if type(value) is dict:
        pairs = [(_written(key), _written(one)) for key, one in value.items()]
        return f"{{{', '.join(f'{key}: {one}' for key, one in pairs)}}}" if all(map(all, pairs)) else ""
    if value is None or isinstance(value, (bool, str)):
        return repr(value)
    if isinstance(value, int):
        return repr(int(value))
    return repr(float(value)) if isinstance(value, float) else ""
