"""Python's own functions."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import numbers
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.attributes import attribute, set_attribute
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.numbers import arithmetic
from yolopatch.core.paste.follow.rules.arrays import is_array
from yolopatch.core.paste.follow.rules.containers import DICTS, LISTS
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.values import (
    Builtin,
    Instance,
    Layer,
    Library,
    PastedClass,
    Scope,
    Tensor,
    Unknown,
    Weights,
    computed,
    hashable,
    origins,
    unknown_in,
)
from yolopatch.core.syntax import parse_expression

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_MOST = 100_000  # numbers in a range
_TYPES = {
    "int": int,
    "float": (int, float),
    "str": str,
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "bool": bool,
    "set": set,
}

Run = Callable[..., Any]


def _range(machine: Machine, *given: Any) -> Any:
    unknown = unknown_in(given)
    if unknown:
        return unknown
    for one in given:
        machine.note(one, uses.COUNT)
        if isinstance(one, bool) or not isinstance(one, int):
            raise Fails(f"range of {shown(one)}", "TypeError")
    numbers = range(*map(int, given))
    if len(numbers) > _MOST:
        raise Open("a range of many numbers")
    return numbers


def _len(machine: Machine, value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Layer) and value.name in (*LISTS, *DICTS):
        return len(value.children)
    if isinstance(value, Tensor):
        return value.shape[0]
    if isinstance(value, (list, tuple, dict, str, set, range)):
        return len(value)
    if isinstance(value, (int, float)) or value is None:
        raise Fails(f"{shown(value)} has no length", "TypeError")
    raise Open(f"the length of {shown(value)}")


def _number(kind: type) -> Run:
    def convert(machine: Machine, value: Any = 0) -> Any:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Tensor):
            known = value.values or ()
            return kind(known[0]) if len(known) == 1 else machine.unknown("the value of a tensor")
        if not isinstance(value, (int, float, str)) or (isinstance(value, str) and len(value) > 30):
            raise Fails(f"{kind.__name__} of {shown(value)}", "TypeError")
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        try:
            return computed(kind(value), value)
        except (ValueError, OverflowError) as error:
            raise Fails(str(error), type(error).__name__) from error

    return convert


def _bool(machine: Machine, value: Any = False) -> Any:
    return value if isinstance(value, Unknown) else machine.truth(value)


def _extreme(function: Callable[[list[Any]], Any]) -> Run:
    def find(machine: Machine, *given: Any, **named: Any) -> Any:
        values = list(machine.iterate(given[0])) if len(given) == 1 else list(given)
        unknown = unknown_in(values)
        if unknown or named:
            return unknown or machine.unknown("a maximum")
        if not values or not all(isinstance(one, (int, float)) for one in values):
            raise Open("a maximum")
        found = function(values)
        return computed(found, *values)

    return find


def _sum(machine: Machine, values: Any, start: Any = 0) -> Any:
    total = start
    for one in machine.iterate(values):
        total = one if isinstance(total, int) and total == 0 else arithmetic(machine, ast.Add(), total, one)
    return total


def _listed(kind: type) -> Run:
    return lambda machine, values=(): kind(machine.iterate(values))


def _set(machine: Machine, values: Any = ()) -> Any:
    return set(hashable(machine.known(list(machine.iterate(values)))))


def _next(machine: Machine, values: Any, *default: Any) -> Any:
    """Take the first of what an iterator gives: it is a list here, which nothing else has."""
    if isinstance(values, Unknown):
        return values
    if isinstance(values, Weights) and not values and values.more:
        return Tensor(())  # of which the code asks the device or the kind
    if not isinstance(values, list):
        raise Open(f"the next of {shown(values)}")
    if not values and not default:
        raise Fails("next of nothing", "StopIteration")
    return values.pop(0) if values else default[0]


def _zip(machine: Machine, *lists: Any, strict: Any = False) -> Any:
    return list(zip(*([*machine.iterate(one)] for one in lists)))


def _enumerate(machine: Machine, values: Any, start: Any = 0) -> Any:
    return list(enumerate(machine.iterate(values), start))


def _map(machine: Machine, function: Any, *lists: Any) -> Any:
    return [machine.call(function, *one) for one in _zip(machine, *lists)]


def _all(machine: Machine, values: Any) -> bool:
    return all(machine.truth(one) for one in machine.iterate(values))


def _any(machine: Machine, values: Any) -> bool:
    return any(machine.truth(one) for one in machine.iterate(values))


def _sorted(machine: Machine, values: Any, **named: Any) -> Any:
    found = machine.known(list(machine.iterate(values)))
    if named or not all(isinstance(one, (int, float)) for one in found):
        raise Open("an order")
    return sorted(found)


# the classes of Python's library that a value is compared with, by their names in it
_PYTHONS: Mapping[str, type] = {
    f"{module}.{name}": getattr(collections.abc, name)
    for module in ("typing", "collections", "collections.abc")
    for name in ("Iterable", "Sequence", "Collection", "Container", "Sized", "Mapping")
} | {f"numbers.{name}": getattr(numbers, name) for name in ("Number", "Complex", "Real", "Rational", "Integral")}


def _isinstance(machine: Machine, value: Any, kinds: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    found = [_is_a(machine, value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
    if True in found:
        return True
    return next((one for one in found if isinstance(one, Unknown)), False)


def _is_a(machine: Machine, value: Any, kind: Any) -> Any:
    if isinstance(kind, Builtin) and kind.name in _TYPES:
        return isinstance(value, _TYPES[kind.name]) and not (kind.name == "int" and isinstance(value, bool))  # type: ignore[arg-type]
    if isinstance(kind, PastedClass):
        return isinstance(value, Instance) and kind.name in (value.owner, *machine.paste.bases(value.owner))
    if isinstance(kind, Library):
        if kind.plain in ("Tensor", "ndarray"):
            return isinstance(value, Tensor) and is_array(value) is (kind.plain == "ndarray")
        if kind.plain == "Module":
            return isinstance(value, (Layer, Instance))
        if isinstance(value, Layer):
            return value.name == kind.plain
        if isinstance(value, Instance):
            return any(base.rpartition(".")[2] == kind.plain for base in machine.paste.bases(value.owner))
        of_python = _PYTHONS.get(kind.name)
        if of_python and not isinstance(value, Tensor):
            return isinstance(value, of_python)
        if kind.plain in ("Iterable", "Sequence"):  # torch and others hand them on
            return isinstance(value, (list, tuple))
        if isinstance(value, (int, float, str, list, tuple, dict)) or value is None:
            return False
    return machine.unknown("the kind of a value")


def _hasattr(machine: Machine, value: Any, name: Any) -> Any:
    if isinstance(value, Library) and value.name.startswith("torch"):
        return True
    found = attribute(machine, value, name)
    if not isinstance(found, Unknown):
        return True
    return False if isinstance(value, Instance) and value.base is None else found


def _getattr(machine: Machine, value: Any, name: Any, *default: Any) -> Any:
    if isinstance(name, (int, float)) or name is None:
        raise Fails(f"getattr of {shown(name)}, which is no name", "TypeError")
    if not isinstance(name, str):
        raise Open("the name of an attribute")
    if default and _hasattr(machine, value, name) is False:
        return default[0]
    return attribute(machine, value, name)


def _setattr(machine: Machine, value: Any, name: Any, given: Any) -> None:
    if not isinstance(name, str):
        raise Open("the name of an attribute")
    set_attribute(machine, value, name, given)


def _type(machine: Machine, value: Any) -> Any:
    found = next((name for name, kind in _TYPES.items() if type(value) is kind), "")
    if isinstance(value, (int, float)) and origins(value):
        found = "int" if isinstance(value, int) else "float"
    return Builtin(found, _FUNCTIONS[found], (machine,)) if found else machine.unknown("the type of a value")


def _round(machine: Machine, value: Any, digits: Any = None) -> Any:
    if not isinstance(value, (int, float)):
        return machine.unknown("a rounded value")
    return computed(round(value) if digits is None else round(value, digits), value)


def _abs(machine: Machine, value: Any) -> Any:
    return computed(abs(value), value) if isinstance(value, (int, float)) else value


def _slice(machine: Machine, *given: Any) -> Any:
    return unknown_in(given) or slice(*given)


def _str(machine: Machine, value: Any = "") -> Any:
    return str(value)[:1000] if isinstance(value, (int, float, str)) else machine.unknown("a text")


def _dict(machine: Machine, *given: Any, **named: Any) -> Any:
    pairs = given[0] if given else {}
    return {**(pairs if isinstance(pairs, dict) else _of_pairs(machine, pairs)), **named}


def _of_pairs(machine: Machine, values: Any) -> dict[Any, Any]:
    pairs = [list(machine.iterate(one)) for one in machine.iterate(values)]
    if any(len(one) != 2 for one in pairs):
        raise Fails("dict of what is no pairs", "ValueError")
    return dict(zip(hashable(machine.known([name for name, _ in pairs])), (value for _, value in pairs)))


def _divmod(machine: Machine, left: Any, right: Any) -> Any:
    return arithmetic(machine, ast.FloorDiv(), left, right), arithmetic(machine, ast.Mod(), left, right)


def _eval(machine: Machine, text: Any, *scopes: Any) -> Any:
    """Follow the code of a text that is known, with the names of the file: `eval("nn.ReLU")`."""
    if not isinstance(text, str) or scopes:
        return text if isinstance(text, Unknown) else machine.unknown("eval")
    try:
        written = ast.unparse(parse_expression(text))
    except SyntaxError as error:
        raise Fails(f"eval of {shown(text)}: it is no expression", "SyntaxError") from error
    # a tree of its own, whose lines are those of the call
    return machine.evaluate(ast.increment_lineno(ast.parse(written, mode="eval").body, machine.line - 1), Scope())


_FUNCTIONS: dict[str, Run] = {
    "range": _range,
    "len": _len,
    "int": _number(int),
    "float": _number(float),
    "bool": _bool,
    "str": _str,
    "list": _listed(list),
    "tuple": _listed(tuple),
    "set": _set,
    "dict": _dict,
    "max": _extreme(max),
    "min": _extreme(min),
    "sum": _sum,
    "zip": _zip,
    "enumerate": _enumerate,
    "reversed": lambda machine, values: list(machine.iterate(values))[::-1],
    "iter": lambda machine, values: list(machine.iterate(values)),
    "next": _next,
    "sorted": _sorted,
    "map": _map,
    "filter": lambda machine, f, values: [x for x in machine.iterate(values) if machine.truth(machine.call(f, x))],
    "all": _all,
    "any": _any,
    "isinstance": _isinstance,
    "issubclass": lambda machine, *given: machine.unknown("the base of a class"),
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "callable": lambda machine, value: not isinstance(value, (int, float, str, list, tuple, dict, type(None))),
    "type": _type,
    "round": _round,
    "abs": _abs,
    "pow": lambda machine, left, right: arithmetic(machine, ast.Pow(), left, right),
    "divmod": _divmod,
    "slice": _slice,
    "print": lambda machine, *given, **named: None,
    "id": lambda machine, value: id(value),
    "eval": _eval,
}


_OTHERS: dict[str, Any] = {
    **{name: Library(f"builtins.{name}") for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning"))},
    "Ellipsis": ...,
    "object": Library("builtins.object"),
    "__name__": "module",
}


def builtin(machine: Machine, name: str) -> Any:
    """Return Python's own thing of this name; None for no such thing."""
    return Builtin(name, _FUNCTIONS[name], (machine,)) if name in _FUNCTIONS else _OTHERS.get(name)
