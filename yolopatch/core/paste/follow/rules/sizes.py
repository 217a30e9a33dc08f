"""Arithmetic of shapes that several rules share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.values import Size, Tensor, Unknown, unknown_in

MOST_ELEMENTS = 10**12  # of a tensor; more is no module
LARGEST = 10**18  # number that is computed with


def is_large_power(base: float, exponent: float) -> bool:
    """Tell whether a power is too large to compute, or a shift: no class needs it."""
    return abs(base) > 10**6 or abs(exponent) > 64


def tensor(value: Any, what: str = "a tensor") -> Tensor:
    """Return a value as a tensor.

    Raises:
        Open: it is unknown.
        Fails: it is something else.
    """
    unknown = unknown_in(value)
    if unknown:
        raise Open(unknown.what, unknown.line)
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (tuple, list, dict, str)) or value is None:
        raise Fails(f"{what} is needed, and it gets {shown(value)}", "TypeError")
    raise Open(f"{shown(value)} in the place of {what}")


def whole(value: Any) -> int:
    """Return a value as a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        several_values = isinstance(value, Tensor) and elements(value.shape) != 1 and not value.is_array
        if isinstance(value, (float, list, tuple, dict, str)) or value is None or several_values:
            raise Fails(f"a whole number is needed, and it gets {shown(value)}", "TypeError")
        raise Open(f"{shown(value)} in the place of a number")
    return value


def several(value: Any, count: int) -> tuple[int, ...]:
    """Return `count` whole numbers: the value for each, or its elements."""
    value = in_turn(value)
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return (whole(value[0]),) * count
        if len(value) != count:
            raise Fails(f"{count} numbers are needed, and it gets {len(value)}", "ValueError")
        return tuple(whole(one) for one in value)
    return (whole(value),) * count


def in_turn(value: Any) -> Any:
    """Return the numbers of an array, which layers take for a list; any other value as it is."""
    is_list = isinstance(value, Tensor) and value.is_array and len(value.shape) == 1
    return tuple(value.values) if is_list and value.values is not None else value


def listed(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the numbers of `f(2, 3)` and of `f((2, 3))` alike."""
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        return tuple(values[0])
    return tuple(values)


def axis(number: Any, shape: Sequence[int], extra: int = 0) -> int:
    """Return the index of a dimension, counted from 0; `extra` dimensions more are allowed."""
    found = whole(number)
    count = len(shape) + extra
    if not -max(count, 1) <= found < max(count, 1):
        raise Fails(f"a tensor of the shape {list(shape)} has no dimension {found}", "IndexError")
    return found % max(count, 1)


def elements(shape: Sequence[int]) -> int:
    """Return how many elements a tensor has."""
    return math.prod(shape)


def made(shape: Sequence[Any], kind: str = "torch.float32") -> Tensor:
    """Return a tensor of this shape.

    Raises:
        Fails: a size is negative.
        Open: a size is no number, or the tensor is too large.
    """
    sizes = tuple(int(whole(one)) for one in shape)
    if any(size < 0 for size in sizes):
        raise Fails(f"a tensor cannot have the shape {sizes}")
    if elements(sizes) > MOST_ELEMENTS:
        raise Open(f"a tensor of the shape {sizes}")
    return Tensor(sizes, kind)


def broadcast(*values: Any) -> Any:
    """Return what element by element gives: of tensors and numbers; unknown where one of them is."""
    unknown = unknown_in(values)
    if unknown:
        return unknown
    shapes = [one.shape for one in values if isinstance(one, Tensor)]
    count = max(map(len, shapes), default=0)
    result = []
    for place in range(1, count + 1):
        sizes = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(sizes) > 1:
            written = " and ".join(str(list(shape)) for shape in dict.fromkeys(shapes))
            raise Fails(f"maps of the sizes {written} do not fit element by element")
        result.append(next(iter(sizes), 1))
    return Tensor(tuple(reversed(result)))


def slid(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, up: bool = False) -> int:
    """Return the size of a map after a window went over it, as torch counts it.

    Args:
        size, kernel, stride, padding, dilation: in pixels.
        up: whether a window that starts in the map and ends outside counts (`ceil_mode`).
    """
    if stride <= 0:
        raise Fails(f"a stride of {stride}", "ValueError")
    reach = dilation * (kernel - 1) + 1
    if size + 2 * padding < reach:
        raise Fails(f"a kernel of {reach} does not fit into a map of {size} with padding {padding}")
    room = size + 2 * padding - reach
    count = -(-room // stride) if up else room // stride
    if up and count * stride >= size + padding:
        count -= 1
    return count + 1


def shown(value: Any) -> str:
    """Return what a value is, for a message."""
    if isinstance(value, Tensor):
        return f"a tensor of {list(value.shape)}"
    if isinstance(value, Unknown):
        return value.what
    if isinstance(value, Size):
        return f"a shape of {len(value)} sizes"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if value is None or isinstance(value, (int, float, str, bool)):
        return repr(value)[:60]
    return str(getattr(value, "name", None) or getattr(value, "owner", None) or type(value).__name__.lower())
