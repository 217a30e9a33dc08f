"""Methods of Python's own objects, of every nn.Module, and of lists of layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow.errors import Fails, Open, Ungiven, Unset
from yolopatch.core.paste.follow.rules import containers
from yolopatch.core.paste.follow.rules.registry import LAYERS
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.values import (
    Builtin,
    Environment,
    Instance,
    Keywords,
    Layer,
    Table,
    Tensor,
    Unknown,
    Weights,
    hashable,
)

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_FIELDS = re.compile(r"(?:[^{}]|\{\w*\})*")
_PYTHON: dict[type, tuple[str, ...]] = {
    list: ("append", "extend", "insert", "pop", "reverse", "index", "count", "copy", "remove", "clear"),
    dict: ("get", "items", "keys", "values", "update", "pop", "setdefault", "copy"),
    tuple: ("index", "count"),
    set: ("add", "discard"),
    str: ("lower", "upper", "strip", "split", "startswith", "endswith", "isdigit", "isalpha", "title", "capitalize"),
}
# of nn.Module: those that give the module back, and those that change nothing of what is followed
_GIVING_SELF = (
    "apply",
    "train",
    "eval",
    "to",
    "half",
    "float",
    "double",
    "requires_grad_",
    "type",
    "bfloat16",
    "share_memory",
)
_NOTHING = (
    "zero_grad",
    "register_load_state_dict_pre_hook",
    "_register_load_state_dict_pre_hook",
    "init_weights",
    "extra_repr",
)
# base classes without arguments of their own that do what nn.Module does
_MODULES = ("Module", "BaseModule", "object", "ABC", "Function")


def of_dicts(machine: Machine, name: str) -> Any:
    """Return a method of the class dict: `dict.fromkeys`."""
    if name != "fromkeys":
        return machine.unknown(f"dict.{name}")

    def run(names: Any, value: Any = None) -> Any:
        return dict.fromkeys(hashable(machine.known(list(machine.iterate(names)))), value)

    return Builtin(name, run)


def of_python(machine: Machine, value: Any, name: str) -> Any:
    """Return a method of a list, dict, tuple, set or text."""
    if isinstance(value, dict) and name == "fromkeys":
        return of_dicts(machine, name)
    if isinstance(value, str) and name == "format":
        return Builtin(name, lambda *given, **named: _formatted(machine, value, given, named))
    if name not in next(names for kind, names in _PYTHON.items() if isinstance(value, kind)):
        return machine.unknown(f"{type(value).__name__}.{name}")

    def run(*given: Any, **named: Any) -> Any:
        if name in ("extend", "update") and given and not isinstance(given[0], dict):
            given = (list(machine.iterate(given[0])),)
        if isinstance(value, Environment) and name == "pop" and len(given) == 1 and given[0] not in value:
            raise Unset(f"the environment variable {shown(given[0])} may not be set", "KeyError")
        if isinstance(value, Keywords) and name == "pop" and len(given) == 1 and given[0] not in value:
            raise Ungiven(str(given[0]))
        if isinstance(value, Table) and name in ("get", "pop", "setdefault") and given and given[0] not in value:
            return machine.unknown(f"the element {shown(given[0])} of a table that is filled elsewhere")
        try:
            found = getattr(value, name)(*given, **named)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            plain = all(isinstance(one, (int, float, str)) for one in given)  # else the text shows what stands for it
            why = str(error) if plain else f"not for {', '.join(map(shown, given))}"
            raise Fails(f"{type(value).__name__}.{name}: {why}", type(error).__name__) from error
        return list(found) if name in ("items", "keys", "values") else found

    return Builtin(name, run)


def _formatted(machine: Machine, text: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return a text with numbers and texts in the places of its fields, as names of layers are made."""
    plain = all(isinstance(one, (int, float, str)) for one in (*given, *named.values()))
    # a width in a field could ask for any length
    if not plain or not _FIELDS.fullmatch(text):
        return machine.unknown("a text with values in it")
    try:
        return text.format(*given, **named)
    except (ValueError, IndexError, KeyError) as error:
        raise Fails(f"str.format: {error}", type(error).__name__) from error


def of_module(machine: Machine, value: Instance | Layer, name: str) -> Any:
    """Return a method of nn.Module; None for any other."""
    held = value.attributes if isinstance(value, Instance) else value.children
    if name in ("register_buffer", "register_parameter", "add_module", "register_module", "__setattr__"):
        return _method(name, lambda key, given=None, *rest, **named: held.__setitem__(key, given))
    if name in _GIVING_SELF:
        return _method(name, lambda *given, **named: value)
    if name == "cuda":
        return _method(name, lambda *given, **named: _on_gpu(machine, value))
    if name in ("register_forward_hook", "register_forward_pre_hook"):
        hooks = value.hooks.after if name == "register_forward_hook" else value.hooks.before
        return _method(name, lambda hook, **named: _hooked(hooks, hook, named))
    if name in _NOTHING:
        return _method(name, lambda *given, **named: None)
    if name in ("forward", "__call__"):
        return _method(name, lambda *given, **named: machine.call(value, *given, **named))
    if name in ("modules", "children"):
        return _method(name, lambda: list(_modules(value)))
    if name in ("named_modules", "named_children"):
        return _method(name, lambda: [(str(n), one) for n, one in enumerate(_modules(value))])
    if name in ("parameters", "buffers"):
        return _method(name, lambda *given, **named: _weights(value))
    if name in ("named_parameters", "named_buffers"):
        return _method(name, lambda *given, **named: list(_tensors(value)))
    return None


def _hooked(hooks: list[Any], hook: Any, named: dict[str, Any]) -> Unknown:
    """Keep a hook; what it returns, its handle, is of no use to a forward."""
    if named:
        raise Open("a hook with options")
    hooks.append(hook)
    return Unknown("the handle of a hook")


def _on_gpu(machine: Machine, value: Any) -> Any:
    machine.find("puts a layer on a GPU, wherever the model is")
    return value


def _modules(value: Any) -> Iterator[Any]:
    """Yield every layer in a module, and the module."""
    yield value
    parts = [*value.attributes.values(), *(value.children.values() if isinstance(value, Layer) else ())]
    for one in parts:
        if isinstance(one, (Instance, Layer)) and one is not value:
            yield from _modules(one)


def _weights(value: Any) -> Weights:
    found = Weights(one for _, one in _tensors(value))
    found.more = any(isinstance(one, Layer) for one in _modules(value))
    return found


def _tensors(value: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a module and of the layers in it, with their names; its parameters and buffers alike."""
    for one in _modules(value):
        yield from ((name, part) for name, part in one.attributes.items() if isinstance(part, Tensor))


def of_container(machine: Machine, value: Layer, name: str) -> Any:
    """Return a method of Sequential, ModuleList or ModuleDict; None for any other."""
    layers = value.children
    run: dict[str, Callable[..., Any]] = {
        "append": lambda one: containers.extend(value, [one]),
        "extend": lambda more: containers.extend(value, machine.iterate(more)),
        "insert": lambda place, one: _insert(value, place, one),
        "keys": lambda: list(layers),
        "values": lambda: list(layers.values()),
        "items": lambda: list(layers.items()),
        "update": lambda more: layers.update(more),
    }
    return _method(name, run[name]) if name in run else None


def _insert(value: Layer, place: Any, one: Any) -> None:
    layers = list(value.children.values())
    layers.insert(place, one)
    value.children.clear()
    containers.extend(value, layers)


def base_constructor(machine: Machine, instance: Instance, base: str, *given: Any, **named: Any) -> None:
    """Follow `super().__init__(...)` for a base class that is a library's."""
    plain = base.rpartition(".")[2]
    if not plain or plain in _MODULES:
        return
    if plain not in LAYERS:
        raise Open(f"the constructor of {base}")
    made = LAYERS[plain](machine, *given, **named)
    if not isinstance(made, Layer):
        raise Open(f"the constructor of {base}")
    instance.base = made


def _method(name: str, run: Callable[..., Any]) -> Builtin:
    return Builtin(name, run)
