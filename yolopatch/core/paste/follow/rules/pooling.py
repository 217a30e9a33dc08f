"""Pools and changes of a map's size."""

from __future__ import annotations

import math
from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Rule, Run, function, layer
from yolopatch.core.paste.follow.rules.sizes import in_turn, made, several, slid, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Tensor


def _pooled(
    run: Run, x: Any, dimensions: int, kernel: Any, stride: Any, padding: Any, dilation: Any, up: Any
) -> Tensor:
    shape = tensor(x, "a map").shape
    if len(shape) not in (dimensions + 1, dimensions + 2):
        raise Fails(f"a {dimensions}d pool gets a map of {list(shape)}")
    window, steps = several(kernel, dimensions), several(kernel if stride in (None, ()) else stride, dimensions)
    pads = several(padding, dimensions)
    if any(2 * p > k for p, k in zip(pads, window)):
        raise Fails(f"a pool's padding of {pads[0]} is more than half of its kernel of {window[0]}")
    ceil = run.truth(up)
    sizes = [
        slid(n, k, s, p, d, ceil)
        for n, k, s, p, d in zip(shape[-dimensions:], window, steps, pads, several(dilation, dimensions))
    ]
    return made((*shape[:-dimensions], *sizes))


def _note(run: Run, kernel: Any, stride: Any) -> None:
    run.note(kernel, uses.POOL)
    if stride is not None:
        run.note(stride, uses.STRIDE)


def _max_pool(
    run: Run,
    x: Any,
    dimensions: int,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: Any = False,
    return_indices: Any = False,
) -> Any:
    """Follow F.max_poolNd; torch's layer has its last two arguments the other way round."""
    found = _pooled(run, x, dimensions, kernel_size, stride, padding, dilation, ceil_mode)
    return (found, found) if run.truth(return_indices) else found


def _average_pool(
    run: Run,
    x: Any,
    dimensions: int,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    *rest: Any,
    **more: Any,
) -> Tensor:
    """Follow F.avg_poolNd; whether the padding counts, and the divisor, change no size."""
    return _pooled(run, x, dimensions, kernel_size, stride, padding, 1, ceil_mode)


def _pool_function(pool: Rule, dimensions: int) -> Rule:
    def call(run: Run, x: Any, kernel_size: Any, stride: Any = None, *rest: Any, **more: Any) -> Any:
        _note(run, kernel_size, stride)
        return pool(run, x, dimensions, kernel_size, stride, *rest, **more)

    return call


def _pool_layer(pool: Rule, dimensions: int, name: str) -> Rule:
    def construct(run: Run, kernel_size: Any, stride: Any = None, padding: Any = 0, *rest: Any, **more: Any) -> Layer:
        _note(run, kernel_size, stride)
        after = _swapped(rest) if pool is _max_pool else rest
        attributes = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        return Layer(
            name, lambda run, x: pool(run, x, dimensions, kernel_size, stride, padding, *after, **more), attributes
        )

    return construct


def _swapped(rest: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (dilation, return_indices, ceil_mode) of a max pool's layer in the order of its function."""
    return (rest[0], *reversed((*rest[1:], False, False)[:2])) if len(rest) > 1 else rest


def _adapted(x: Any, size: Any, dimensions: int) -> Tensor:
    shape = tensor(x, "a map").shape
    if len(shape) not in (dimensions + 1, dimensions + 2):
        raise Fails(f"an adaptive {dimensions}d pool gets a map of {list(shape)}")
    size = in_turn(size)
    wanted = tuple(size) if isinstance(size, (tuple, list)) else (size,) * dimensions
    if len(wanted) != dimensions:
        raise Fails(f"an adaptive {dimensions}d pool gets the size {list(wanted)}")
    kept = [old if new is None else whole(new) for old, new in zip(shape[-dimensions:], wanted)]
    return made((*shape[:-dimensions], *kept))


def _adaptive(dimensions: int, name: str) -> Any:
    def construct(run: Run, output_size: Any, return_indices: Any = False) -> Layer:
        run.note(output_size, uses.SIZE)
        return Layer(name, lambda run, x: _adapted(x, output_size, dimensions), {"output_size": output_size})

    return construct


def _adaptive_function(dimensions: int) -> Any:
    def call(run: Run, x: Any, output_size: Any, return_indices: Any = False) -> Any:
        found = _adapted(x, output_size, dimensions)
        return (found, found) if run.truth(return_indices) else found

    return call


for _n in (1, 2, 3):
    for _kind, _pool in (("Max", _max_pool), ("Avg", _average_pool)):
        layer(f"{_kind}Pool{_n}d")(_pool_layer(_pool, _n, f"{_kind}Pool{_n}d"))
        function(f"{_kind.lower()}_pool{_n}d")(_pool_function(_pool, _n))
    for _kind in ("Avg", "Max"):
        layer(f"Adaptive{_kind}Pool{_n}d")(_adaptive(_n, f"Adaptive{_kind}Pool{_n}d"))
        function(f"adaptive_{_kind.lower()}_pool{_n}d")(_adaptive_function(_n))


@function("interpolate", "upsample", "upsample_nearest", "upsample_bilinear")
def interpolate(run: Run, x: Any, size: Any = None, scale_factor: Any = None, *rest: Any, **more: Any) -> Tensor:
    """Follow F.interpolate: to a size, or by a factor."""
    shape = tensor(x, "a map").shape
    count = len(shape) - 2
    if count < 1:
        raise Fails(f"interpolate gets a tensor of {list(shape)}")
    if size is not None:
        run.note(size, uses.SIZE)
        return made((*shape[:2], *several(size, count)))
    if scale_factor is None:
        raise Fails("interpolate gets neither a size nor a factor", "ValueError")
    run.note(scale_factor, uses.FACTOR_OF_SIZE)
    factors = scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * count
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in factors) or len(factors) != count:
        raise Open("the factor of interpolate")
    return made((*shape[:2], *(math.floor(n * f) for n, f in zip(shape[2:], factors))))


@layer("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d")
def upsample(run: Run, size: Any = None, scale_factor: Any = None, *rest: Any, **more: Any) -> Layer:
    """Follow nn.Upsample."""
    run.note(size, uses.SIZE)
    run.note(scale_factor, uses.FACTOR_OF_SIZE)
    return Layer("Upsample", lambda run, x: interpolate(run, x, size, scale_factor), {"scale_factor": scale_factor})


@function("pixel_shuffle")
def pixel_shuffle(run: Run, x: Any, upscale_factor: Any) -> Tensor:
    """Follow F.pixel_shuffle: (C·r², H, W) to (C, H·r, W·r)."""
    run.note(upscale_factor, uses.FACTOR_OF_SIZE)
    *before, c, h, w = tensor(x, "a map").shape
    r = whole(upscale_factor)
    if r <= 0 or c % (r * r):
        raise Fails(f"pixel_shuffle by {r} needs a multiple of {r * r} channels, and gets {c}")
    return made((*before, c // (r * r), h * r, w * r))


@function("pixel_unshuffle")
def pixel_unshuffle(run: Run, x: Any, downscale_factor: Any) -> Tensor:
    """Follow F.pixel_unshuffle: (C, H, W) to (C·r², H/r, W/r)."""
    run.note(downscale_factor, uses.FACTOR_OF_SIZE)
    *before, c, h, w = tensor(x, "a map").shape
    r = whole(downscale_factor)
    if r <= 0 or h % r or w % r:
        raise Fails(f"pixel_unshuffle by {r} gets a map of {[h, w]}")
    return made((*before, c * r * r, h // r, w // r))


@layer("PixelShuffle")
def pixel_shuffle_layer(run: Run, upscale_factor: Any) -> Layer:
    """Follow nn.PixelShuffle."""
    run.note(upscale_factor, uses.FACTOR_OF_SIZE)
    return Layer("PixelShuffle", lambda run, x: pixel_shuffle(run, x, upscale_factor))


@layer("PixelUnshuffle")
def pixel_unshuffle_layer(run: Run, downscale_factor: Any) -> Layer:
    """Follow nn.PixelUnshuffle."""
    run.note(downscale_factor, uses.FACTOR_OF_SIZE)
    return Layer("PixelUnshuffle", lambda run, x: pixel_unshuffle(run, x, downscale_factor))


@function("pad")
def pad(run: Run, x: Any, pad: Any, mode: Any = "constant", value: Any = None) -> Tensor:
    """Follow F.pad: pairs for the last dimensions, the last one first."""
    shape = list(tensor(x, "a map").shape)
    if not isinstance(pad, (tuple, list)) or len(pad) % 2 or len(pad) > 2 * len(shape):
        raise Open("the sizes of F.pad")
    for number in range(len(pad) // 2):
        shape[-1 - number] += whole(pad[2 * number]) + whole(pad[2 * number + 1])
    return made(shape)


def _padding_layer(name: str) -> Any:
    def construct(run: Run, padding: Any, value: Any = 0) -> Layer:
        run.note(padding, uses.PADDING)
        sides = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * 4
        return Layer(name, lambda run, x: pad(run, x, sides))

    return construct


for _kind in ("Zero", "Reflection", "Replication", "Constant", "Circular"):
    layer(f"{_kind}Pad2d")(_padding_layer(f"{_kind}Pad2d"))


@function("affine_grid")
def affine_grid(run: Run, theta: Any, size: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow F.affine_grid of maps: a place for each pixel of the size."""
    sizes = [whole(one) for one in size]
    if len(sizes) != 4 or tensor(theta).shape[1:] != (2, 3):
        raise Open("the grid of F.affine_grid")
    return made((sizes[0], *sizes[2:], 2))


@function("grid_sample")
def grid_sample(run: Run, x: Any, grid: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow F.grid_sample: the channels of the map, and the size of the grid."""
    shape, places = tensor(x, "a map").shape, tensor(grid, "a grid").shape
    if len(shape) != 4 or len(places) != 4 or places[-1] != 2 or places[0] != shape[0]:
        raise Fails(f"grid_sample gets a map of {list(shape)} and a grid of {list(places)}")
    return made((*shape[:2], *places[1:3]))


def unfolded(run: Run, x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Follow F.unfold: (N, C, H, W) to (N, C·kh·kw, windows)."""
    for value, role in ((kernel_size, uses.KERNEL), (stride, uses.STRIDE), (padding, uses.PADDING)):
        run.note(value, role)
    shape = tensor(x, "a map").shape
    if len(shape) != 4:
        raise Fails(f"F.unfold takes 4 dimensions, and gets {list(shape)}")
    window = several(kernel_size, 2)
    rows = [
        slid(n, k, s, p, d)
        for n, k, s, p, d in zip(shape[2:], window, several(stride, 2), several(padding, 2), several(dilation, 2))
    ]
    return made((shape[0], shape[1] * math.prod(window), math.prod(rows)))


function("unfold")(unfolded)


@layer("Unfold")
def unfold_layer(run: Run, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Layer:
    """Follow nn.Unfold."""
    run.note(kernel_size, uses.KERNEL)
    return Layer("Unfold", lambda run, x: unfolded(run, x, kernel_size, dilation, padding, stride))


@function("fold")
def fold(
    run: Run, x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Follow F.fold: (N, C·kh·kw, windows) to (N, C, H, W)."""
    shape, size, window = tensor(x).shape, several(output_size, 2), several(kernel_size, 2)
    rows = [
        slid(n, k, s, p, d)
        for n, k, s, p, d in zip(size, window, several(stride, 2), several(padding, 2), several(dilation, 2))
    ]
    if len(shape) != 3 or shape[1] % math.prod(window) or shape[2] != math.prod(rows):
        raise Fails(f"F.fold to {list(size)} gets a tensor of {list(shape)}")
    return made((shape[0], shape[1] // math.prod(window), *size))


@layer("Fold")
def fold_layer(
    run: Run, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Layer:
    """Follow nn.Fold."""
    return Layer("Fold", lambda run, x: fold(run, x, output_size, kernel_size, dilation, padding, stride))
