"""Other shapes of the same values: views, orders of dimensions, parts, repeats."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Run, function, layer, method
from yolopatch.core.paste.follow.rules.sizes import axis, elements, listed, made, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Library, Tensor


def viewed(shape: tuple[int, ...], wanted: tuple[Any, ...]) -> Tensor:
    """Return a view of this shape; one size may be -1."""
    sizes = [whole(one) for one in wanted]
    count, open_places = elements(shape), [n for n, size in enumerate(sizes) if size == -1]
    rest = elements([size for size in sizes if size != -1])
    if len(open_places) > 1 or any(size < -1 for size in sizes):
        raise Fails(f"a view of {sizes}")
    if open_places and rest and count % rest == 0:
        sizes[open_places[0]] = count // rest
    elif open_places or rest != count:
        raise Fails(f"a map of {list(shape)} has no view of {sizes}")
    return made(sizes)


@method("view")
def view(run: Run, x: Any, *sizes: Any, shape: Any = None) -> Tensor:
    """Follow view: as reshape, where the memory allows it."""
    result = reshape(run, x, *sizes, shape=shape)
    if tensor(x).half and result.shape[:1] != tensor(x).shape[:1]:
        raise Fails("it views the images of a batch as one, and its map is one half of another map")
    return result


@function("reshape")
def reshape(run: Run, x: Any, *sizes: Any, shape: Any = None) -> Tensor:
    """Follow reshape."""
    found = tensor(x)
    wanted = listed(sizes) if shape is None else tuple(shape)
    if len(wanted) == 1 and isinstance(wanted[0], Library):  # a view as another type
        return found
    run.note(wanted, uses.SIZE)
    return viewed(found.shape, wanted)


@method("view_as", "reshape_as")
def view_as(run: Run, x: Any, other: Any) -> Tensor:
    """Follow view_as."""
    return viewed(tensor(x).shape, tensor(other).shape)


@function("permute")
def permute(run: Run, x: Any, *dims: Any, **more: Any) -> Tensor:
    """Follow permute."""
    shape = tensor(x).shape
    order = [axis(one, shape) for one in listed([more["dims"]] if "dims" in more else dims)]
    if sorted(order) != list(range(len(shape))):
        raise Fails(f"permute{tuple(listed(dims))} of a map of {list(shape)}")
    return made([shape[place] for place in order])


@function("transpose", "swapaxes", "swapdims")
def transpose(run: Run, x: Any, dim0: Any, dim1: Any) -> Tensor:
    """Follow transpose."""
    sizes = list(tensor(x).shape)
    one, other = axis(dim0, sizes), axis(dim1, sizes)
    sizes[one], sizes[other] = sizes[other], sizes[one]
    return made(sizes)


@function("t", "adjoint")
def turned(run: Run, x: Any) -> Tensor:
    """Follow t() and `.T` of a matrix, and `.mT`."""
    shape = tensor(x).shape
    return made((*shape[:-2], *reversed(shape[-2:])))


@function("movedim", "moveaxis")
def movedim(run: Run, x: Any, source: Any, destination: Any) -> Tensor:
    """Follow movedim."""
    shape = tensor(x).shape
    taken = [axis(one, shape) for one in listed([source])]
    placed = [axis(one, shape) for one in listed([destination])]
    order: list[Any] = [None] * len(shape)
    for one, place in zip(taken, placed):
        order[place] = one
    rest = iter(n for n in range(len(shape)) if n not in taken)
    return made([shape[next(rest) if place is None else place] for place in order])


@function("flatten")
def flatten(run: Run, x: Any, start_dim: Any = 0, end_dim: Any = -1) -> Tensor:
    """Follow flatten."""
    shape = tensor(x).shape
    first, last = axis(start_dim, shape), axis(end_dim, shape)
    return made((*shape[:first], elements(shape[first : last + 1]), *shape[last + 1 :]))


@layer("Flatten")
def flatten_layer(run: Run, start_dim: Any = 1, end_dim: Any = -1) -> Layer:
    """Follow nn.Flatten."""
    return Layer("Flatten", lambda run, x: flatten(run, x, start_dim, end_dim))


@function("unflatten")
def unflatten(run: Run, x: Any, dim: Any, sizes: Any) -> Tensor:
    """Follow unflatten."""
    shape = tensor(x).shape
    place = axis(dim, shape)
    inner = viewed((shape[place],), tuple(sizes))
    return made((*shape[:place], *inner.shape, *shape[place + 1 :]))


@layer("Unflatten")
def unflatten_layer(run: Run, dim: Any, unflattened_size: Any) -> Layer:
    """Follow nn.Unflatten."""
    return Layer("Unflatten", lambda run, x: unflatten(run, x, dim, unflattened_size))


@function("squeeze")
def squeeze(run: Run, x: Any, *dims: Any, dim: Any = None) -> Tensor:
    """Follow squeeze."""
    shape = tensor(x).shape
    given = listed(dims) if dim is None else listed([dim])
    if not given:
        return made([size for size in shape if size != 1])
    gone = {axis(one, shape) for one in given}
    return made([size for place, size in enumerate(shape) if place not in gone or size != 1])


@function("unsqueeze")
def unsqueeze(run: Run, x: Any, dim: Any) -> Tensor:
    """Follow unsqueeze."""
    sizes = list(tensor(x).shape)
    sizes.insert(axis(dim, sizes, extra=1), 1)
    return made(sizes)


@method("expand")
def expand(run: Run, x: Any, *sizes: Any) -> Tensor:
    """Follow expand."""
    shape, wanted = tensor(x).shape, [whole(one) for one in listed(sizes)]
    if len(wanted) < len(shape):
        raise Fails(f"a map of {list(shape)} does not expand to {wanted}")
    old = (1,) * (len(wanted) - len(shape)) + shape
    for had, new in zip(old, wanted):
        if new not in (-1, had) and had != 1:
            raise Fails(f"a map of {list(shape)} does not expand to {wanted}")
    return made([had if new == -1 else new for had, new in zip(old, wanted)])


@method("expand_as")
def expand_as(run: Run, x: Any, other: Any) -> Tensor:
    """Follow expand_as."""
    return expand(run, x, *tensor(other).shape)


@function("broadcast_to")
def broadcast_to(run: Run, x: Any, shape: Any) -> Tensor:
    """Follow broadcast_to."""
    return expand(run, x, *shape)


@function("tile")
def tile(run: Run, x: Any, *times: Any) -> Tensor:
    """Follow tile: as repeat, which needs a number for each dimension."""
    counts = listed(times)
    return repeat(run, x, *(1,) * (len(tensor(x).shape) - len(counts)), *counts)


@method("repeat")
def repeat(run: Run, x: Any, *times: Any) -> Tensor:
    """Follow repeat."""
    shape, counts = tensor(x).shape, [whole(one) for one in listed(times)]
    if len(counts) < len(shape):
        raise Fails(f"repeat{tuple(counts)} of a map of {list(shape)}")
    old = (1,) * (len(counts) - len(shape)) + shape
    return made([had * count for had, count in zip(old, counts)])


@function("repeat_interleave")
def repeat_interleave(run: Run, x: Any, repeats: Any, dim: Any = None, **more: Any) -> Tensor:
    """Follow repeat_interleave."""
    sizes = list(tensor(x).shape)
    if isinstance(repeats, Tensor):
        raise Open("a shape that depends on a tensor's values")
    if dim is None:
        return made([elements(sizes) * whole(repeats)])
    sizes[axis(dim, sizes)] *= whole(repeats)
    return made(sizes)


@function("chunk")
def chunk(run: Run, x: Any, chunks: Any, dim: Any = 0) -> tuple[Tensor, ...]:
    """Follow chunk: parts of the same size, the last one may be smaller."""
    run.note(chunks, uses.DIVISOR)
    shape = tensor(x).shape
    place, count = axis(dim, shape), whole(chunks)
    if count <= 0:
        raise Fails(f"chunk into {count} parts")
    return _parts(shape, place, _steps(shape[place], -(-shape[place] // count)))


@function("split")
def split(run: Run, x: Any, split_size_or_sections: Any = None, dim: Any = 0, split_size: Any = None) -> Any:
    """Follow split: into parts of one size, or of the given sizes."""
    given = split_size if split_size_or_sections is None else split_size_or_sections
    run.note(given, uses.SIZE)
    shape = tensor(x).shape
    place = axis(dim, shape)
    if not isinstance(given, (tuple, list)):
        size = whole(given)
        if size <= 0:
            raise Fails(f"split into parts of {size}")
        return _parts(shape, place, _steps(shape[place], size))
    sizes = [whole(one) for one in given]
    if sum(sizes) != shape[place]:
        raise Fails(f"split into {sizes}, which are {sum(sizes)}, of a dimension of {shape[place]}")
    return _parts(shape, place, sizes)


def _steps(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)] if size else []


def _parts(shape: tuple[int, ...], place: int, sizes: list[int]) -> tuple[Tensor, ...]:
    return tuple(made((*shape[:place], size, *shape[place + 1 :])) for size in sizes)


@function("tensor_split")
def tensor_split(run: Run, x: Any, indices_or_sections: Any, dim: Any = 0) -> tuple[Tensor, ...]:
    """Follow tensor_split into a number of parts, or at given places."""
    shape = tensor(x).shape
    place = axis(dim, shape)
    if isinstance(indices_or_sections, (tuple, list)):
        at = [min(whole(one), shape[place]) for one in indices_or_sections]
        return _parts(shape, place, [max(b - a, 0) for a, b in zip([0, *at], [*at, shape[place]])])
    count = whole(indices_or_sections)
    small, more = divmod(shape[place], count)
    return _parts(shape, place, [small + (n < more) for n in range(count)])


def _split_along(place: int) -> Any:
    return lambda run, x, parts: tensor_split(run, x, parts, place)


for _name, _place in (("vsplit", 0), ("hsplit", 1), ("dsplit", 2)):
    function(_name)(_split_along(_place))


@function("unbind")
def unbind(run: Run, x: Any, dim: Any = 0) -> tuple[Tensor, ...]:
    """Follow unbind."""
    shape = tensor(x).shape
    place = axis(dim, shape)
    return tuple(made((*shape[:place], *shape[place + 1 :])) for _ in range(shape[place]))


@function("narrow")
def narrow(run: Run, x: Any, dim: Any, start: Any, length: Any) -> Tensor:
    """Follow narrow."""
    sizes = list(tensor(x).shape)
    place = axis(dim, sizes)
    if whole(start) + whole(length) > sizes[place]:
        raise Fails(f"narrow to {length} from {start} of a dimension of {sizes[place]}")
    sizes[place] = whole(length)
    return made(sizes)


@function("select")
def select(run: Run, x: Any, dim: Any, index: Any) -> Tensor:
    """Follow select."""
    sizes = list(tensor(x).shape)
    size = sizes.pop(axis(dim, sizes))
    if not isinstance(index, Tensor) and not -size <= whole(index) < size:
        raise Fails(f"the index {index} in a dimension of {size}", "IndexError")
    return made(sizes)


@method("unfold")
def unfold(run: Run, x: Any, dimension: Any, size: Any, step: Any) -> Tensor:
    """Follow a tensor's unfold: windows along a dimension."""
    shape = list(tensor(x).shape)
    place = axis(dimension, shape)
    if whole(size) > shape[place] or whole(step) <= 0:
        raise Fails(f"unfold of windows of {size} of a dimension of {shape[place]}")
    shape[place] = (shape[place] - whole(size)) // whole(step) + 1
    return made((*shape, whole(size)))


@function("ravel")
def ravel(run: Run, x: Any) -> Tensor:
    """Follow ravel."""
    return made([elements(tensor(x).shape)])


@function("diagonal")
def diagonal(run: Run, x: Any, offset: Any = 0, dim1: Any = 0, dim2: Any = 1) -> Tensor:
    """Follow diagonal: both dimensions are gone, and the diagonal is the last one."""
    shape = tensor(x).shape
    one, other = axis(dim1, shape), axis(dim2, shape)
    by = whole(offset)
    length = min(shape[one] - max(-by, 0), shape[other] - max(by, 0))
    return made([*(size for place, size in enumerate(shape) if place not in (one, other)), max(length, 0)])


@function("roll", "flip", "fliplr", "flipud", "channel_shuffle")
def moved(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow what only moves values."""
    return made(tensor(x).shape)


@function("rot90")
def rot90(run: Run, x: Any, k: Any = 1, dims: Any = (0, 1)) -> Tensor:
    """Follow rot90."""
    return made(tensor(x).shape) if whole(k) % 2 == 0 else transpose(run, x, dims[0], dims[1])


@layer("ChannelShuffle")
def channel_shuffle_layer(run: Run, groups: Any) -> Layer:
    """Follow nn.ChannelShuffle."""
    return Layer("ChannelShuffle", lambda run, x: made(tensor(x).shape))
