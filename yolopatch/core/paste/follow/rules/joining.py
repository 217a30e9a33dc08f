"""Several tensors become one, and products of tensors."""

from __future__ import annotations

import math
from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Run, function
from yolopatch.core.paste.follow.rules.sizes import axis, broadcast, elements, listed, made, tensor, whole
from yolopatch.core.paste.follow.values import Pair, Tensor

# the dimensions that three dots in a formula stand for, counted from the last
_DOTS = "0123456789"


def _list(run: Run, tensors: Any, name: str) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        run.take_apart(tensors)
        raise Fails(f"{name} takes several maps, and gets one of {list(tensors.shape)}", "TypeError")
    if not isinstance(tensors, (tuple, list)):
        raise Open(f"what {name} joins")
    if not tensors:
        raise Fails(f"{name} of no maps")
    return [tensor(one, "a map") for one in tensors]


@function("cat", "concat", "concatenate")
def cat(run: Run, tensors: Any, dim: Any = 0, **more: Any) -> Tensor:
    """Follow torch.cat."""
    maps = [one for one in _list(run, tensors, "torch.cat") if one.shape != (0,)]
    if not maps:
        return made((0,))
    first = list(maps[0].shape)
    place = axis(more.get("axis", dim), first)
    for other in maps[1:]:
        apart = [n for n, (a, b) in enumerate(zip(first, other.shape)) if a != b and n != place]
        if len(other.shape) != len(first) or apart:
            raise Fails(f"torch.cat of maps of {first} and {list(other.shape)} along dimension {place}")
    first[place] = sum(one.shape[place] for one in maps)
    return made(first)


@function("stack")
def stack(run: Run, tensors: Any, dim: Any = 0) -> Tensor:
    """Follow torch.stack."""
    maps = _list(run, tensors, "torch.stack")
    if len({one.shape for one in maps}) > 1:
        raise Fails(f"torch.stack of maps of {' and '.join(str(list(one.shape)) for one in maps)}")
    sizes = list(maps[0].shape)
    sizes.insert(axis(dim, sizes, extra=1), len(maps))
    return made(sizes)


def _stack_along(place: int, least: int) -> Any:
    def follow(run: Run, tensors: Any) -> Tensor:
        maps = _list(run, tensors, "a stack")
        if min(len(one.shape) for one in maps) < least:
            raise Open("a stack of vectors")
        return cat(run, maps, place)

    return follow


for _name, _place, _least in (("hstack", 1, 2), ("vstack", 0, 2), ("dstack", 2, 3), ("column_stack", 1, 2)):
    function(_name)(_stack_along(_place, _least))


@function("matmul", "bmm", "mm", "__matmul__", "mv", "dot")
def matmul(run: Run, a: Any, b: Any) -> Tensor:
    """Follow a product of matrices."""
    left, right = tensor(a).shape, tensor(b).shape
    if not left or not right:
        raise Fails("a product of matrices gets a number")
    rows = left if len(left) > 1 else (1, *left)
    columns = right if len(right) > 1 else (*right, 1)
    if rows[-1] != columns[-2]:
        raise Fails(f"a product of matrices of {list(left)} and {list(right)}: {rows[-1]} is not {columns[-2]}")
    batch = broadcast(Tensor(rows[:-2]), Tensor(columns[:-2])).shape
    return made((*batch, *rows[-2:-1][: len(left) > 1], *columns[-1:][: len(right) > 1]))


@function("baddbmm", "addmm", "addbmm")
def add_product(run: Run, x: Any, a: Any, b: Any, **more: Any) -> Tensor:
    """Follow x + a @ b."""
    found = broadcast(tensor(x), matmul(run, a, b))
    assert isinstance(found, Tensor)
    return found


@function("outer", "ger")
def outer(run: Run, a: Any, b: Any) -> Tensor:
    """Follow an outer product."""
    return made((*tensor(a).shape, *tensor(b).shape))


@function("einsum")
def einsum(run: Run, equation: Any, *operands: Any) -> Tensor:
    """Follow torch.einsum; a dimension of 1 fits any other."""
    if not isinstance(equation, str):
        raise Open("the formula of torch.einsum")
    terms, arrow, result = equation.replace(" ", "").partition("->")
    tensors = [tensor(one).shape for one in listed(operands)]
    names = [_without_dots(name, shape) for name, shape in zip(terms.split(","), tensors)]
    most = max((one for name in names for one in name if one in _DOTS), default="")
    result = result.replace("...", _DOTS[_DOTS.index(most) :: -1] if most else "")
    if terms.count(",") + 1 != len(tensors) or any(len(name) != len(shape) for name, shape in zip(names, tensors)):
        raise Fails(f"torch.einsum {equation!r} gets {' and '.join(str(list(shape)) for shape in tensors)}")
    sizes: dict[str, int] = {}
    for name, shape in zip(names, tensors):
        for letter, size in zip(name, shape):
            if sizes.get(letter, 1) == 1 or size == 1:
                sizes[letter] = max(sizes.get(letter, 1), size)
            elif sizes[letter] != size:
                raise Fails(f"torch.einsum {equation!r}: {letter} is {sizes[letter]} and {size}")
    if not arrow:
        once = sorted(letter for letter in sizes if terms.count(letter) == 1)
        result = "".join([*sorted({*sizes} & {*_DOTS}, reverse=True), *once])
    return made([sizes[letter] for letter in result])


def _without_dots(name: str, shape: tuple[int, ...]) -> str:
    """Return a term with a sign for each dimension that its three dots stand for, the last one first."""
    count = len(shape) - len(name.replace("...", ""))
    if "..." not in name or not 0 <= count <= len(_DOTS):
        return name
    return name.replace("...", _DOTS[:count][::-1])


@function("scaled_dot_product_attention")
def attention(run: Run, query: Any, key: Any, value: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow F.scaled_dot_product_attention."""
    q, k, v = tensor(query).shape, tensor(key).shape, tensor(value).shape
    if q[-1] != k[-1] or k[-2] != v[-2]:
        raise Fails(f"attention of {list(q)}, {list(k)} and {list(v)}")
    return made((*q[:-1], v[-1]))


@function("cosine_similarity", "pairwise_distance")
def similarity(run: Run, a: Any, b: Any, dim: Any = 1, *rest: Any, **more: Any) -> Tensor:
    """Follow F.cosine_similarity."""
    sizes = list(broadcast(tensor(a), tensor(b)).shape)
    sizes.pop(axis(dim, sizes))
    return made(sizes)


@function("meshgrid")
def meshgrid(run: Run, *tensors: Any, indexing: Any = "ij") -> tuple[Tensor, ...]:
    """Follow torch.meshgrid."""
    parts = listed(tensors)
    sizes = [elements(tensor(one).shape) for one in parts]
    if indexing == "xy" and len(sizes) > 1:
        sizes[0], sizes[1] = sizes[1], sizes[0]
    return tuple(made(sizes) for _ in parts)


@function("topk")
def topk(run: Run, x: Any, k: Any, dim: Any = -1, *rest: Any, **more: Any) -> Pair:
    """Follow topk."""
    sizes = list(tensor(x).shape)
    place = axis(dim, sizes)
    if whole(k) > sizes[place]:
        raise Fails(f"topk of {k} of a dimension of {sizes[place]}")
    sizes[place] = whole(k)
    return Pair((made(sizes), made(sizes)))


@function("gather")
def gather(run: Run, x: Any, dim: Any, index: Any) -> Tensor:
    """Follow gather: the shape of its index."""
    return made(tensor(index).shape)


@function("take_along_dim")
def take_along(run: Run, x: Any, indices: Any, dim: Any = None) -> Tensor:
    """Follow take_along_dim."""
    return made(tensor(indices).shape)


@function("index_select")
def index_select(run: Run, x: Any, dim: Any, index: Any) -> Tensor:
    """Follow index_select."""
    sizes = list(tensor(x).shape)
    sizes[axis(dim, sizes)] = math.prod(tensor(index).shape)
    return made(sizes)
