"""Calls of libraries: torch, math, numpy's functions of numbers, einops, timm, and upstream's own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.file_names import UPSTREAM
from yolopatch.core.paste.follow.rules import (  # noqa: F401
    arrays,
    convolutions,
    creation,
    einops,
    elementwise,
    joining,
    norms,
    pooling,
    reshaping,
    transforms,
)
from yolopatch.core.paste.follow.rules.in_place import changing
from yolopatch.core.paste.follow.rules.registry import FUNCTIONS, LAYERS
from yolopatch.core.paste.follow.rules.sizes import is_large_power
from yolopatch.core.paste.follow.rules.upstream import blocks, psa  # noqa: F401
from yolopatch.core.paste.follow.values import Builtin, Instance, Layer, Library, Tensor, computed, unknown_in

if TYPE_CHECKING:
    from yolopatch.core.paste.follow.machine import Machine

_FIRST = ("input", "tensors")
# functions that torch no longer has, with the names of those in torch.fft
_GONE = ("torch.fft", "torch.ifft", "torch.rfft", "torch.irfft")
_STARTS = "torch.nn.init."  # its functions set the values of a tensor, and give it back
_WITH_RULES = ("torch", "torchvision", "timm", "einops", UPSTREAM)
_RENAMED = {"einops.repeat": "einops_repeat", "einops.reduce": "einops_reduce"}
_MOST_PAIRS = 10_000
_MATH = [
    "sqrt",
    "ceil",
    "floor",
    "log",
    "log2",
    "log10",
    "log1p",
    "exp",
    "pow",
    "gcd",
    "prod",
    "fabs",
    "sin",
    "cos",
    "tan",
    "atan",
    "isclose",
    "trunc",
]
_BY_LETTERS = {name.casefold(): name for name in LAYERS}
# what a followed run answers for questions about how it is run
_ANSWERS = {
    "torch.jit.is_scripting": False,
    "torch.jit.is_tracing": False,
    "torch.onnx.is_in_onnx_export": False,
    "torch.is_grad_enabled": True,
    "torch.is_autocast_enabled": False,
}


def is_usual(name: str) -> bool:
    """Tell whether posts use this name of upstream or timm without an import."""
    return name in LAYERS or name in _BY_PLAIN_NAME


def call_library(machine: Machine, called: Library, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return what a call of a library gives; unknown where nothing says what."""
    if called.name in _ANSWERS:
        return _ANSWERS[called.name]
    own = _OWN.get(called.name) or _BY_PLAIN_NAME.get(called.plain)
    if own:
        return _tried(called, lambda: own(machine, *given, **named))
    root = called.name.partition(".")[0]
    if called.name.startswith(("torch.nn.init.", "warnings.", "logging.")):
        return given[0] if given else None
    if root == "numpy":
        return _of_numpy(machine, called, given, named)
    if root == "math" and called.plain in _MATH:
        return _number(called, given)
    if called.name.startswith("torch.nn.utils.") and given and isinstance(given[0], (Layer, Instance)):
        return given[0]  # weight_norm, spectral_norm, prune: the weights are computed, the shapes stay
    if called.name.startswith(_STARTS) and given:
        machine.note((*given[1:], *named.values()), uses.OTHER)
        return given[0]
    rule = _rule(called, root)
    if rule is None:
        _refuse_misspelt(called)
        machine.note((*given, *named.values()), uses.OTHER)
        return machine.unknown(called.name.removeprefix(f"{UPSTREAM}."))
    given, named = first_given(given, named)
    unknown = unknown_in(given)
    return unknown or _tried(called, lambda: rule(machine, *given, **named))


def first_given(given: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Return the arguments of a call of torch with its first one by position: torch calls it `input`, or `tensors`."""
    name = next((one for one in _FIRST if one in named), None)
    if given or name is None:
        return given, named
    return (named[name],), {key: value for key, value in named.items() if key != name}


def _refuse_misspelt(called: Library) -> None:
    """Refuse a name that torch does not have, though it has one that differs in the case of its letters.

    Raises:
        Fails: it is one.
    """
    meant = _BY_LETTERS.get(called.plain.casefold())
    if called.name == f"torch.nn.{called.plain}" and called.plain[:1].isupper() and meant:
        raise Fails(f"torch.nn has no {called.plain}, but {meant}", "AttributeError")


def _rule(called: Library, root: str) -> Any:
    if root not in _WITH_RULES or called.name in _GONE:
        return None
    name = _RENAMED.get(called.name, called.plain)
    layers_first = called.name.startswith("torch.nn.") and not called.name.startswith("torch.nn.functional.")
    tables = (LAYERS, FUNCTIONS) if layers_first or root != "torch" else (FUNCTIONS, LAYERS)
    found = next((table[name] for table in tables if name in table), None)
    return found or (changing(name) if root == "torch" else None)


def _tried(called: Library, run: Callable[[], Any]) -> Any:
    try:
        return run()
    except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        raise Open(f"the call of {called.plain}") from error


def _of_numpy(machine: Machine, called: Library, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return what a function of numpy gives: a number of numbers, else an array."""
    rule = arrays.ARRAYS.get(called.name.removeprefix("numpy."))
    unknown = unknown_in(given)
    if unknown is None and rule is None and called.plain in _MATH:
        return _number(called, given)
    if unknown or rule is None:
        for one in given:
            arrays.forget(one)  # numpy.random.shuffle
        machine.note((*given, *named.values()), uses.OTHER)
        return unknown or machine.unknown(called.name)
    return _tried(called, lambda: rule(machine, *given, **named))


def _number(called: Library, given: tuple[Any, ...]) -> Any:
    unknown = unknown_in(given)
    if unknown:
        return unknown
    numbers = [one for value in given for one in (value if isinstance(value, (list, tuple)) else (value,))]
    if not all(isinstance(one, (int, float)) for one in numbers):
        raise Open(f"the call of {called.plain}")
    if called.plain == "pow" and is_large_power(numbers[0], numbers[1]):
        raise Open("a very large number")
    function = getattr(math, called.plain)
    try:
        return computed(function(numbers) if called.plain == "prod" else function(*numbers), *numbers)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise Fails(f"{called.plain}: {error}", type(error).__name__) from error
    except TypeError as error:
        raise Open(f"the call of {called.plain}") from error


def _nothing(machine: Machine, *given: Any, **named: Any) -> None:
    return None


def _first(machine: Machine, value: Any, *rest: Any, **named: Any) -> Any:
    return value


def _deepcopy(machine: Machine, value: Any, memo: Any = None) -> Any:
    return list(value) if isinstance(value, list) else dict(value) if isinstance(value, dict) else value


def _ordered(machine: Machine, pairs: Any = (), **named: Any) -> dict[Any, Any]:
    return {**(pairs if isinstance(pairs, dict) else dict(machine.iterate(pairs))), **named}


def _partial(machine: Machine, function: Any, *given: Any, **named: Any) -> Builtin:
    return Builtin("partial", lambda *more, **others: machine.call(function, *given, *more, **{**named, **others}))


def _fold(machine: Machine, function: Any, values: Any, *start: Any) -> Any:
    todo = [*start, *machine.iterate(values)]
    if not todo:
        raise Fails("reduce of nothing", "TypeError")
    total = todo[0]
    for one in todo[1:]:
        total = machine.call(function, total, one)
    return total


def _autopad(machine: Machine, k: Any, p: Any = None, d: Any = 1) -> Any:
    if p is not None:
        return p
    windows = k if isinstance(k, (list, tuple)) else (k,)
    pads = [computed((d * (one - 1) + 1) // 2, one, d) for one in windows]
    return pads if isinstance(k, (list, tuple)) else pads[0]


def _divisible(machine: Machine, value: Any, divisor: Any = 8, *rest: Any, **more: Any) -> Any:
    """Follow upstream's make_divisible; one with further arguments is timm's, which rounds to the nearest."""
    by = int(divisor)
    if not rest and not more:
        return computed(math.ceil(value / by) * by, value, divisor)
    least, limit = (*rest, None, None)[:2]
    least, limit = more.get("min_value", least) or by, more.get("round_limit", limit)
    found = max(least, int(value + by / 2) // by * by)
    return computed(found + by if found < (0.9 if limit is None else limit) * value else found, value, divisor)


def _pair(machine: Machine, value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def _is_tensor(machine: Machine, value: Any) -> bool:
    return isinstance(value, Tensor)


def _device(machine: Machine, *given: Any) -> Any:
    return given[0] if given and isinstance(given[0], str) else Library("torch.device")


def _size(machine: Machine, values: Any = ()) -> Any:
    return tuple(machine.iterate(values))


def _product(machine: Machine, *lists: Any, repeat: Any = 1) -> Any:
    parts = [list(machine.iterate(one)) for one in lists] * repeat
    if math.prod(map(len, parts)) > _MOST_PAIRS:
        raise Open("a product of long lists")
    return list(itertools.product(*parts))


def _getenv(machine: Machine, name: Any, default: Any = None) -> Any:
    return machine.environment.get(name, default)


_OWN: dict[str, Callable[..., Any]] = {
    "os.getenv": _getenv,
    "itertools.product": _product,
    "copy.deepcopy": _deepcopy,
    "copy.copy": _deepcopy,
    "collections.OrderedDict": _ordered,
    "functools.partial": _partial,
    "functools.reduce": _fold,
    "torch.is_tensor": _is_tensor,
    "torch.device": _device,
    "torch.Size": _size,
    "torch.utils.checkpoint.checkpoint": lambda machine, function, *given, **named: machine.call(function, *given),
    "itertools.chain": lambda machine, *lists: [one for part in lists for one in machine.iterate(part)],
}
# helpers of upstream and of timm that posts copy the imports of, from many places
_BY_PLAIN_NAME: dict[str, Callable[..., Any]] = {
    "autopad": _autopad,
    "make_divisible": _divisible,
    "to_2tuple": _pair,
    "default_act": _first,  # of upstream's Conv: an activation
    "trunc_normal_": _first,
    "no_grad": _nothing,
    "autocast": _nothing,
    "manual_seed": _nothing,
}
