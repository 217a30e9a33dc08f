"""Tensors that the code makes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Open
from yolopatch.core.paste.follow.rules.convolutions import on_device
from yolopatch.core.paste.follow.rules.registry import Run, function, layer, method
from yolopatch.core.paste.follow.rules.sizes import listed, made, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Size, Tensor, Unknown, unknown_in

_MOST_VALUES = 1000  # of a linspace


def filled(run: Run, *sizes: Any, size: Any = None, device: Any = None, **more: Any) -> Tensor:
    """Follow torch.zeros and its neighbours."""
    on_device(run, device)
    wanted = listed(sizes) if size is None else listed([size])
    run.note(wanted, uses.SIZE)
    return made(wanted)


for _name in ("zeros", "ones", "rand", "randn", "empty"):
    function(_name)(filled)


@function("full")
def full(run: Run, size: Any, fill_value: Any = 0, **more: Any) -> Tensor:
    """Follow torch.full."""
    return filled(run, size, **more)


@function("randint")
def randint(run: Run, *given: Any, **more: Any) -> Tensor:
    """Follow torch.randint, whose last argument is the size."""
    return filled(run, given[-1] if given else more["size"])


@method("new_zeros", "new_ones", "new_empty")
def new(run: Run, x: Any, *sizes: Any, **more: Any) -> Tensor:
    """Follow a tensor's new_zeros."""
    return filled(run, *sizes, **more)


@method("new_full")
def new_full(run: Run, x: Any, size: Any, fill_value: Any = 0, **more: Any) -> Tensor:
    """Follow a tensor's new_full."""
    return filled(run, size, **more)


@method("new_tensor")
def new_tensor(run: Run, x: Any, data: Any, **more: Any) -> Tensor:
    """Follow a tensor's new_tensor."""
    return from_data(run, data, **more)


@function("Tensor", "FloatTensor", "LongTensor", "BoolTensor")
def constructed(run: Run, *given: Any, **more: Any) -> Tensor:
    """Follow torch.Tensor: of sizes or of a shape an empty one, else of data."""
    if len(given) == 1 and not isinstance(given[0], (int, Size)):
        return from_data(run, *given, **more)
    return filled(run, *given, **more)


@function("tensor", "as_tensor", "from_numpy", "asarray")
def from_data(run: Run, data: Any = (), *rest: Any, device: Any = None, **more: Any) -> Tensor:
    """Follow torch.tensor: the shape of a list, or of a list of lists."""
    on_device(run, device)
    if isinstance(data, Tensor):
        return replace(data, kind="torch.float32")  # an array of numpy becomes a tensor
    if unknown_in(data):
        raise Open("the numbers of a tensor")
    sizes = []
    while isinstance(data, (list, tuple)):
        sizes.append(len(data))
        data = data[0] if data else None
    return made((*sizes, *data.shape) if isinstance(data, Tensor) else sizes)


@function("arange", "range")
def arange(run: Run, *given: Any, start: Any = None, end: Any = None, step: Any = 1, **more: Any) -> Tensor:
    """Follow torch.arange."""
    on_device(run, more.get("device"))
    numbers = [*([start] if start is not None else []), *given, *([end] if end is not None else [])]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in numbers) or not numbers:
        raise Open("the numbers of torch.arange")
    first, last = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    by = numbers[2] if len(numbers) > 2 else step
    return made([max(0, math.ceil((last - first) / by))])


@function("linspace")
def linspace(run: Run, start: Any, end: Any, steps: Any = 100, **more: Any) -> Tensor:
    """Follow torch.linspace; the rates of the layers of a network are counted with it, so its values are known."""
    count = whole(steps)
    if not all(isinstance(one, (int, float)) for one in (start, end)) or count > _MOST_VALUES:
        return made([count])
    step = (end - start) / max(count - 1, 1)
    return replace(made([count]), values=tuple(float(start + step * n) for n in range(count)))


@function("logspace")
def logspace(run: Run, start: Any, end: Any, steps: Any = 100, **more: Any) -> Tensor:
    """Follow torch.logspace."""
    return made([whole(steps)])


@method("item")
def item(run: Run, x: Any) -> Any:
    """Follow item(): of a value that is known."""
    values = tensor(x).values
    return values[0] if values and len(values) == 1 else Unknown("a tensor's item")


@method("tolist")
def to_list(run: Run, x: Any) -> Any:
    """Follow tolist(): of values that are known."""
    found = tensor(x)
    if found.values is None:
        return Unknown("a tensor's values")
    return list(found.values) if found.shape else found.values[0]


@method("numpy")
def as_numpy(run: Run, x: Any) -> Tensor:
    """Follow numpy(): an array is followed as a tensor is."""
    return tensor(x)


@function("hann_window", "hamming_window")
def window(run: Run, length: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow a window's values."""
    return made([whole(length)])


@function("eye")
def eye(run: Run, n: Any, m: Any = None, **more: Any) -> Tensor:
    """Follow torch.eye."""
    return made([whole(n), whole(n if m is None else m)])


@function("randperm")
def randperm(run: Run, n: Any, **more: Any) -> Tensor:
    """Follow torch.randperm."""
    return made([whole(n)])


@function("diag_embed")
def diag_embed(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow diag_embed onto the diagonal of the last two dimensions."""
    if rest or more:
        raise Open("another diagonal")
    shape = tensor(x).shape
    return made((*shape, shape[-1]))


@function("diag")
def diag(run: Run, x: Any, diagonal: Any = 0) -> Tensor:
    """Follow diag: a matrix of a vector, and the other way round."""
    shape = tensor(x).shape
    if whole(diagonal) or len(shape) not in (1, 2):
        raise Open("another diagonal")
    return made(shape * 2 if len(shape) == 1 else [min(shape)])


@function("one_hot")
def one_hot(run: Run, x: Any, num_classes: Any = -1) -> Tensor:
    """Follow one_hot with a number of classes."""
    count = whole(num_classes)
    if count < 0:
        raise Open("a shape that depends on a tensor's values")
    return made((*tensor(x).shape, count))


@function("nonzero", "unique", "bincount", "histc", "multinomial", "masked_select")
def depends(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Do not follow what depends on a tensor's values."""
    raise Open("a shape that depends on a tensor's values")


@layer("Parameter", "Buffer")
def parameter(run: Run, data: Any = None, requires_grad: Any = True) -> Any:
    """Follow nn.Parameter: its tensor."""
    return tensor(data) if data is not None else made((0,))


@layer("Embedding")
def embedding(run: Run, num_embeddings: Any, embedding_dim: Any, *rest: Any, **more: Any) -> Layer:
    """Follow nn.Embedding."""
    size = whole(embedding_dim)
    weight = made((whole(num_embeddings), size))
    return Layer("Embedding", lambda run, x: made((*tensor(x).shape, size)), {"weight": weight})
