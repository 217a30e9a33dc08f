"""Arrays of numpy: followed as tensors, with their numbers where these are few, as a constructor counts sizes in them.

An element of an array is a number. What is not here is not followed, because a name often means another thing in torch.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules import creation
from yolopatch.core.paste.follow.rules.indexing import indexed
from yolopatch.core.paste.follow.rules.registry import FUNCTIONS, Run
from yolopatch.core.paste.follow.rules.sizes import LARGEST, broadcast, elements, is_large_power, listed, made, whole
from yolopatch.core.paste.follow.values import ARRAY, Builtin, Library, Size, Tensor, Unknown, computed, unknown_in

_MOST = 1000  # numbers of an array that are known
_WHOLE = ("int", "int8", "int16", "int32", "int64", "uint8", "intp")
_REAL = ("float", "float16", "float32", "float64")
# methods that have torch's meaning
_AS_IN_TORCH = ("reshape", "flatten", "squeeze", "mean", "std", "var", "view")

Numbers = tuple[Any, ...]


def is_array(value: Any) -> bool:
    """Tell whether a value is an array of numpy."""
    return isinstance(value, Tensor) and value.is_array


def _array(shape: Sequence[Any], values: Numbers | None = None) -> Tensor:
    sizes = made(shape).shape
    known = values if values is not None and len(values) == elements(sizes) <= _MOST else None
    return Tensor(sizes, ARRAY, known)


def _plain(found: Tensor) -> Any:
    """Return a number for an array without dimensions, as numpy's arithmetic does."""
    return found.values[0] if found.values is not None and not found.shape else found


def _typed(found: Tensor, dtype: Any) -> Tensor:
    """Return an array with its numbers as those of a type."""
    name = dtype.plain if isinstance(dtype, Library) else dtype.name if isinstance(dtype, Builtin) else dtype
    kind = int if name in _WHOLE else float if name in _REAL else None
    if name is None or found.values is None:
        return found
    if kind is None:
        return Tensor(found.shape, ARRAY)
    return _array(found.shape, tuple(computed(kind(one), one) for one in found.values))


def _of(run: Run, data: Any, dtype: Any = None, **more: Any) -> Tensor:
    """Follow numpy.array: the shape of a list, or of a list of lists, and its numbers."""
    if is_array(data):
        return _typed(data, dtype)
    if isinstance(data, (int, float)):
        return _typed(_array((), (data,)), dtype)
    shape = creation.from_data(run, data).shape
    values = tuple(_flat(data))
    known = all(isinstance(one, (int, float)) for one in values) and len(values) == elements(shape)
    if known and any(isinstance(one, float) for one in values):
        values = tuple(computed(float(one), one) for one in values)
    return _typed(_array(shape, values if known else None), dtype)


def _flat(data: Any) -> list[Any]:
    if is_array(data) and data.values is not None:
        return list(data.values)
    return [one for part in data for one in _flat(part)] if isinstance(data, (list, tuple)) else [data]


def _arange(run: Run, *given: Any, dtype: Any = None, **more: Any) -> Tensor:
    named = [more[name] for name in ("start", "stop", "step") if name in more]
    numbers = [*given, *named]
    count = creation.arange(run, *numbers).shape[0]
    first = numbers[0] if len(numbers) > 1 else 0
    step = numbers[2] if len(numbers) > 2 else 1
    values = tuple(computed(first + step * n, first, step) for n in range(min(count, _MOST + 1)))
    return _typed(_array((count,), values), dtype)


def _linspace(run: Run, start: Any, stop: Any, num: Any = 50, endpoint: Any = True, dtype: Any = None) -> Tensor:
    count = whole(num)
    if not all(isinstance(one, (int, float)) for one in (start, stop)) or count > _MOST:
        return _array((count,))
    step = (stop - start) / max(count - 1 if endpoint else count, 1)
    values = tuple(computed(float(start + step * n), start, stop) for n in range(count))
    return _typed(_array((count,), values), dtype)


def _full(value: float | None) -> Callable[..., Tensor]:
    def fill(run: Run, shape: Any, *rest: Any, dtype: Any = None, **more: Any) -> Tensor:
        found = _array(creation.filled(run, shape).shape)
        number = rest[0] if value is None and rest else value
        same = (number,) * elements(found.shape) if elements(found.shape) <= _MOST else None
        return _typed(_array(found.shape, same), dtype)

    return fill


def _random(run: Run, *sizes: Any, size: Any = None, **more: Any) -> Tensor:
    return _array(listed(sizes) if size is None else listed([size]))


def each(function: Callable[..., Any], *given: Any) -> Any:
    """Return what a function of numbers gives element by element; the numbers where the sizes are the same.

    Raises:
        Fails: the sizes do not fit, or Python raises.
    """
    found = broadcast(*given)
    if isinstance(found, Unknown):
        return found
    rows = [_spread(one, found.shape) for one in given]
    if any(row is None for row in rows):
        return _array(found.shape)
    try:
        pairs = zip(*(row for row in rows if row is not None))
        values = tuple(computed(_bounded(function(*numbers)), *numbers) for numbers in pairs)
    except (ZeroDivisionError, ValueError, OverflowError):  # numpy goes on, with inf or nan
        return _array(found.shape)
    return _plain(_array(found.shape, values))


def _bounded(value: Any) -> Any:
    """Return a number.

    Raises:
        OverflowError: it is larger than any size.
    """
    if isinstance(value, int) and abs(value) > LARGEST:
        raise OverflowError
    return value


def _spread(value: Any, shape: tuple[int, ...]) -> Numbers | None:
    """Return the numbers of a value for every place of a larger shape; None where they are not known."""
    if elements(shape) > _MOST:
        return None
    if isinstance(value, (int, float)):
        return (value,) * elements(shape)
    if not isinstance(value, Tensor) or value.values is None:
        return None
    sizes = (1,) * (len(shape) - len(value.shape)) + value.shape
    steps = [math.prod(sizes[place + 1 :]) if size > 1 else 0 for place, size in enumerate(sizes)]
    places = itertools.product(*map(range, shape))
    return tuple(value.values[sum(map(operator.mul, place, steps))] for place in places)


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda run, *given, **more: each(function, *(_arrays_in(run, given)))


def _arrays_in(run: Run, given: Sequence[Any]) -> list[Any]:
    return [_of(run, one) if isinstance(one, (list, tuple)) else one for one in given]


def _reduced(function: Callable[[Numbers], Any], name: str) -> Callable[..., Any]:
    def reduce(run: Run, data: Any, axis: Any = None, **more: Any) -> Any:
        found = _of(run, data)
        if axis is not None or more:
            return _array(FUNCTIONS["sum"](run, found, axis, **more).shape)
        return computed(function(found.values), *found.values) if found.values else Unknown(f"numpy.{name}")

    return reduce


def _cumsum(run: Run, data: Any, axis: Any = None) -> Tensor:
    found = _of(run, data)
    if found.values is None or axis not in (None, 0) or len(found.shape) != 1:
        return _array(found.shape if axis is not None else (elements(found.shape),))
    return _array(found.shape, tuple(itertools.accumulate(found.values)))


def _outer(run: Run, left: Any, right: Any) -> Any:
    a, b = _of(run, left), _of(run, right)
    column = Tensor((elements(a.shape), 1), ARRAY, a.values)
    return each(operator.mul, column, Tensor((1, elements(b.shape)), ARRAY, b.values))


def _clip(run: Run, data: Any, low: Any = None, high: Any = None, **more: Any) -> Any:
    def bounded(value: Any) -> Any:
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)

    return each(bounded, *_arrays_in(run, [data])) if not more else Unknown("numpy.clip")


def _rounded(value: Any, digits: int = 0) -> Any:
    return round(value, digits) if isinstance(value, float) else value


def _typed_number(kind: type) -> Callable[..., Any]:
    def convert(run: Run, value: Any = 0) -> Any:
        return computed(kind(value), value) if isinstance(value, (int, float)) else Unknown("a number of numpy")

    return convert


_REDUCTIONS: Mapping[str, Callable[[Any], Any]] = {"sum": sum, "prod": math.prod, "max": max, "min": min}
# functions of numpy, by their names
ARRAYS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("array", "asarray", "copy"), _of),
    "arange": _arange,
    "linspace": _linspace,
    "zeros": _full(0.0),
    "ones": _full(1.0),
    "empty": _random,
    "full": _full(None),
    "cumsum": _cumsum,
    "outer": _outer,
    "clip": _clip,
    **{name: _reduced(function, name) for name, function in _REDUCTIONS.items()},
    **{f"a{name}": _reduced(_REDUCTIONS[name], name) for name in ("max", "min")},
    **dict.fromkeys(("round", "around", "rint"), lambda run, data, digits=0: each(_rounded, *_arrays_in(run, [data]))),
    "floor": _elementwise(lambda value: float(math.floor(value))),
    "ceil": _elementwise(lambda value: float(math.ceil(value))),
    **dict.fromkeys(("abs", "absolute"), _elementwise(abs)),
    "sqrt": _elementwise(math.sqrt),
    "exp": _elementwise(math.exp),
    "log2": _elementwise(math.log2),
    "log": _elementwise(math.log),
    "power": _elementwise(lambda value, by: math.nan if is_large_power(value, by) else value**by),
    "maximum": _elementwise(max),
    "minimum": _elementwise(min),
    "add": _elementwise(operator.add),
    "subtract": _elementwise(operator.sub),
    "multiply": _elementwise(operator.mul),
    "divide": _elementwise(operator.truediv),
    **{name: _typed_number(int) for name in _WHOLE[1:]},
    **{name: _typed_number(float) for name in _REAL[1:]},
    **dict.fromkeys(("random.rand", "random.randn"), _random),
    **dict.fromkeys(("random.normal", "random.uniform"), lambda run, *given, size=(), **more: _array(listed([size]))),
    "random.permutation": lambda run, data: _array((data,) if isinstance(data, int) else _of(run, data).shape),
}
_METHODS: Mapping[str, Callable[..., Any]] = {
    "astype": lambda run, found, dtype, **more: _typed(found, dtype),
    "tolist": lambda run, found: _nested(found.shape, found.values),
    "item": lambda run, found: found.values[0] if found.values and len(found.values) == 1 else Unknown("an element"),
    **{name: ARRAYS[name] for name in (*_REDUCTIONS, "cumsum", "clip", "round", "copy")},
}


def attribute(run: Run, found: Tensor, name: str) -> Any:
    """Return an attribute of an array, or one of its methods."""
    known = {"shape": Size(found.shape), "ndim": len(found.shape), "size": elements(found.shape)}
    if name in known:
        return known[name]
    rule = _METHODS.get(name) or (_as_array(FUNCTIONS[name]) if name in _AS_IN_TORCH else None)
    if rule is None:
        forget(found)  # found.sort()
    return Builtin(name, rule, (run, found)) if rule else Unknown(f"an array's {name}")


def _as_array(rule: Callable[..., Any]) -> Callable[..., Any]:
    def follow(run: Run, found: Tensor, *given: Any, **more: Any) -> Any:
        shape = rule(run, found, *given, **more).shape
        return _array(shape, found.values if elements(shape) == elements(found.shape) else None)

    return follow


def _nested(shape: tuple[int, ...], values: Numbers | None) -> Any:
    if values is None:
        return Unknown("an array's numbers")
    if not shape:
        return values[0]
    step = len(values) // max(shape[0], 1)
    return [_nested(shape[1:], values[n * step : (n + 1) * step]) for n in range(shape[0])]


def element(found: Tensor, index: Any) -> Any:
    """Return `found[index]`: a number, or an array.

    Raises:
        Fails: there is no such element.
    """
    parts = index if isinstance(index, tuple) else (index,)
    unknown = unknown_in(parts)
    if unknown:
        return unknown
    rest = _nested(found.shape, found.values) if found.values is not None else None
    if all(isinstance(one, int) for one in parts) and len(parts) <= len(found.shape) and rest is not None:
        for one in parts:
            if not -len(rest) <= one < len(rest):
                raise Fails(f"the index {one} in a dimension of {len(rest)}", "IndexError")
            rest = rest[one]
        return rest if isinstance(rest, (int, float)) else _array(found.shape[len(parts) :], tuple(_flat(rest)))
    if len(parts) == 1 and isinstance(parts[0], slice) and rest is not None:
        part = rest[parts[0]]
        return _array((len(part), *found.shape[1:]), tuple(_flat(part)))
    shape = indexed(Tensor(found.shape), index).shape
    if not shape:
        return Unknown("an array's element")
    return _array(shape, found.values if _only_adds_dimensions(parts) else None)


def with_element(found: Tensor, index: Any, given: Any) -> Numbers | None:
    """Return the numbers of an array or of a tensor after `found[index] = given`; None where they are not known."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = all(isinstance(one, int) for one in parts) and len(parts) == len(found.shape)
    if found.values is None or not plain or not isinstance(given, (int, float)):
        return None
    if any(not -size <= one < size for one, size in zip(parts, found.shape)):
        raise Fails(f"no element {parts} in a tensor of {list(found.shape)}", "IndexError")
    place = 0
    for one, size in zip(parts, found.shape):
        place = place * size + one % size
    kind = float if any(isinstance(one, float) for one in found.values) else int
    return (*found.values[:place], computed(kind(given), given), *found.values[place + 1 :])


def forget(found: Any) -> None:
    """Forget the numbers of an array that something changes."""
    if isinstance(found, Tensor):
        found.values = None


def _only_adds_dimensions(parts: Sequence[Any]) -> bool:
    return all(one is None or one is Ellipsis or one == slice(None) for one in parts)


def rows(found: Tensor) -> list[Any]:
    """Return what a loop over an array goes over.

    Raises:
        Open: these are too many.
    """
    if found.shape[0] > _MOST:
        raise Open("a loop of many rounds")
    return [element(found, n) for n in range(found.shape[0])]
