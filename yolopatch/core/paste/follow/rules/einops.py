"""einops: rearrange, repeat, reduce, and the layers of these names."""

from __future__ import annotations

import re
from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Run, function, layer
from yolopatch.core.paste.follow.rules.sizes import elements, made, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Tensor

_PART = re.compile(r"\(([^()]*)\)|(\S+)")


def _groups(side: str) -> list[list[str]]:
    """Return the names of each dimension: `b (h p) c` has `[b], [h, p], [c]`."""
    return [(inner if inner is not None else name).split() for inner, name in _found(side)]


def _found(side: str) -> list[tuple[str | None, str]]:
    return [(match[1], match[2]) for match in _PART.finditer(side)]


def _followed(x: Any, pattern: Any, sizes: dict[str, Any], check: bool) -> Tensor:
    if not isinstance(pattern, str) or "->" not in pattern or "..." in pattern:
        raise Open("the pattern of einops")
    left, right = (_groups(side) for side in pattern.split("->"))
    shape = tensor(x).shape
    if len(left) != len(shape):
        raise Fails(f"einops {pattern!r} gets a map of {list(shape)}", "EinopsError")
    known = {name: whole(size) for name, size in sizes.items()}
    for names, size in zip(left, shape):
        _solve(names, size, known, pattern)
    missing = [name for names in right for name in names if name not in known and not name.isdigit()]
    if missing:
        raise Fails(f"einops {pattern!r}: the size of {missing[0]} is unknown", "EinopsError")
    result = made([elements([_size(name, known) for name in names]) for names in right])
    if check and elements(result.shape) != elements(shape):
        raise Fails(f"einops {pattern!r} makes {list(result.shape)} of {list(shape)}", "EinopsError")
    return result


def _size(name: str, known: dict[str, int]) -> int:
    return int(name) if name.isdigit() else known[name]


def _solve(names: list[str], size: int, known: dict[str, int], pattern: str) -> None:
    """Find the size of the one name in a dimension that is not known yet."""
    missing = [name for name in names if name not in known and not name.isdigit()]
    product = elements([_size(name, known) for name in names if name not in missing])
    if len(missing) > 1:
        raise Fails(f"einops {pattern!r}: the sizes of {' and '.join(missing)} are unknown", "EinopsError")
    if not missing and product == size:
        return
    if not missing or not product or size % product:
        raise Fails(f"einops {pattern!r}: {size} is not a multiple of {product}", "EinopsError")
    known[missing[0]] = size // product


@function("rearrange")
def rearrange(run: Run, x: Any, pattern: Any, **sizes: Any) -> Tensor:
    """Follow einops.rearrange."""
    return _followed(x, pattern, sizes, check=True)


@function("einops_repeat")
def repeat(run: Run, x: Any, pattern: Any, **sizes: Any) -> Tensor:
    """Follow einops.repeat."""
    return _followed(x, pattern, sizes, check=False)


@function("einops_reduce")
def reduce(run: Run, x: Any, pattern: Any, reduction: Any = None, **sizes: Any) -> Tensor:
    """Follow einops.reduce."""
    return _followed(x, pattern, sizes, check=False)


@layer("Rearrange")
def rearrange_layer(run: Run, pattern: Any, **sizes: Any) -> Layer:
    """Follow einops' layer Rearrange."""
    return Layer("Rearrange", lambda run, x: rearrange(run, x, pattern, **sizes))


@layer("Reduce")
def reduce_layer(run: Run, pattern: Any, reduction: Any = None, **sizes: Any) -> Layer:
    """Follow einops' layer Reduce."""
    return Layer("Reduce", lambda run, x: reduce(run, x, pattern, reduction, **sizes))
