"""Parts of a tensor by index: numbers, slices, None and dots."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.sizes import broadcast, made, whole
from yolopatch.core.paste.follow.values import Tensor, unknown_in


def indexed(x: Tensor, index: Any) -> Tensor:
    """Return `x[index]`.

    Raises:
        Fails: there is no such part.
        Open: the shape depends on values.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    unknown = unknown_in(parts)
    if unknown:
        raise Open(unknown.what, unknown.line)
    taken = sum(one is not None and one is not Ellipsis for one in parts)
    if taken > len(x.shape):
        raise Fails(f"a tensor of {list(x.shape)} is indexed by {taken} numbers", "IndexError")
    if x.values is not None and len(x.shape) == 1 and isinstance(index, (int, slice)):
        return _of_values(x, index)
    dots = [Ellipsis] if not any(one is Ellipsis for one in parts) else []
    return _part(x.shape, [*parts, *dots], len(x.shape) - taken)


def _of_values(x: Tensor, index: int | slice) -> Tensor:
    assert x.values is not None
    size = _part(x.shape, [index], 0).shape
    found = x.values[index]
    return Tensor(size, x.kind, found if isinstance(found, tuple) else (found,))


def _part(shape: tuple[int, ...], parts: list[Any], rest: int) -> Tensor:
    place, sizes = 0, []
    tensors: list[Tensor] = []
    where = -1
    for one in parts:
        if one is None:
            sizes.append(1)
        elif one is Ellipsis:
            sizes += shape[place : place + rest]
            place += rest
        elif isinstance(one, slice):
            sizes.append(_sliced(shape[place], one))
            place += 1
        elif isinstance(one, (Tensor, list, tuple)):
            found = one if isinstance(one, Tensor) else _numbers(one, shape[place])
            if found.kind == "torch.bool":
                raise Open("a shape that depends on a tensor's values")
            tensors.append(found)
            where = len(sizes) if where < 0 else where
            place += 1
        else:
            _require_in(whole(one), shape[place])
            place += 1
    if tensors:
        sizes[where:where] = broadcast(*tensors).shape
    return made(sizes)


def _numbers(given: list[Any] | tuple[Any, ...], size: int) -> Tensor:
    """Return an index that is written as a list of numbers, or of such lists; a tuple in an index is one, too."""
    if any(isinstance(one, bool) for one in given):
        raise Open("a shape that depends on a list of True and False")
    if not any(isinstance(one, (list, tuple)) for one in given):
        for one in given:
            if not isinstance(one, Tensor):
                _require_in(whole(one), size)
        return Tensor((len(given),))
    rows = {_numbers(one, size).shape if isinstance(one, (list, tuple)) else () for one in given}
    if len(rows) > 1:
        raise Fails("an index of lists of several lengths", "ValueError")
    return Tensor((len(given), *rows.pop()))


def _require_in(number: int, size: int) -> None:
    if not -size <= number < size:
        raise Fails(f"the index {number} in a dimension of {size}", "IndexError")


def _sliced(size: int, part: slice) -> int:
    if any(isinstance(one, Tensor) for one in (part.start, part.stop, part.step)):
        raise Open("a slice by a tensor's value")
    if isinstance(part.step, int) and part.step < 1:
        raise Fails("a slice of a tensor with a step below 1", "ValueError")
    try:
        return len(range(*part.indices(size)))
    except (TypeError, ValueError) as error:
        raise Fails(f"a slice: {error}", type(error).__name__) from error
