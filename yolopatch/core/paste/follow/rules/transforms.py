"""Fourier transforms, and views between complex numbers and pairs of real ones."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.rules.registry import Run, function
from yolopatch.core.paste.follow.rules.sizes import axis, listed, made, tensor, whole
from yolopatch.core.paste.follow.values import Tensor


def _sized(shape: tuple[int, ...], count: int, s: Any, dim: Any) -> tuple[list[int], list[int]]:
    """Return the sizes that a transform works with, and its dimensions; `count` of them, 0 for any number."""
    given = [] if s is None else list(listed([s]))
    usual = range(-(count or len(given) or len(shape)), 0)
    axes = [axis(one, shape) for one in (usual if dim is None else listed([dim]))]
    sizes = list(shape)
    for place, size in zip(axes, given):
        if size is not None and whole(size) != -1:
            sizes[place] = whole(size)
    return sizes, axes


def _to_complex(count: int) -> Any:
    def follow(run: Run, x: Any, s: Any = None, dim: Any = None, *rest: Any, **more: Any) -> Tensor:
        return made(_sized(tensor(x).shape, count, more.get("n", s), dim)[0])

    return follow


def _of_real(count: int) -> Any:
    """Return the rule of a transform of real numbers, which keeps one half of the last dimension."""

    def follow(run: Run, x: Any, s: Any = None, dim: Any = None, *rest: Any, **more: Any) -> Tensor:
        sizes, axes = _sized(tensor(x).shape, count, more.get("n", s), dim)
        sizes[axes[-1]] = sizes[axes[-1]] // 2 + 1
        return made(sizes)

    return follow


def _to_real(count: int) -> Any:
    """Return the rule of a transform back to real numbers, of one half of the last dimension."""

    def follow(run: Run, x: Any, s: Any = None, dim: Any = None, *rest: Any, **more: Any) -> Tensor:
        given = more.get("n", s)
        sizes, axes = _sized(tensor(x).shape, count, given, dim)
        if given is None:
            sizes[axes[-1]] = 2 * (sizes[axes[-1]] - 1)
        return made(sizes)

    return follow


for _suffix, _count in (("", 1), ("2", 2), ("n", 0)):
    function(f"fft{_suffix}", f"ifft{_suffix}")(_to_complex(_count))
    function(f"rfft{_suffix}")(_of_real(_count))
    function(f"irfft{_suffix}")(_to_real(_count))


@function("view_as_complex")
def view_as_complex(run: Run, x: Any) -> Tensor:
    """Follow view_as_complex: pairs in the last dimension become one number each."""
    *before, last = tensor(x).shape
    if last != 2:
        raise Fails(f"view_as_complex takes pairs in the last dimension, and gets {last} values")
    return made(before)


@function("view_as_real")
def view_as_real(run: Run, x: Any) -> Tensor:
    """Follow view_as_real."""
    return made((*tensor(x).shape, 2))
