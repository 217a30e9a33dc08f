"""Reshapes after which the values of a map stand elsewhere.

Some are more than axes that are split and merged: after them, one axis holds pieces of several. Others take height for
width: they split positions that were merged from (H, W) into (W, H).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..tensors.calls import Call, mapped
from ..tensors.snapshots import Snapshot
from ..tensors.tensors import tensors
from .raising import users_line

# sides of maps that no number of heads, groups or windows divides, also after a stride of two: nothing fits by chance
_SIDES = ((13, 21), (11, 13))
# for a module that runs at no such sides, because it cuts its maps into parts of two or four
_EVEN_SIDES = ((26, 42), (28, 44))
_STRIDES = (1, 2, 4, 8)
# what changes the shape alone: several in a row are one reshape
_RESHAPES = (
    *("view", "reshape", "view_as", "reshape_as"),
    *("flatten", "ravel", "unflatten", "squeeze", "unsqueeze", "contiguous"),
)


@dataclass(frozen=True)
class Reshape:
    """A reshape in a module's forward.

    Attributes:
        before, after: the shapes.
        line: where it stands, as `block.py:12 in forward`.
        sides: (H, W) of the map whose height it takes for the width; None for one that cuts across axes.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    line: str
    sides: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.line} makes {list(self.after)} of {list(self.before)}"


def cuts_across(before: Sequence[int], after: Sequence[int]) -> bool:
    """Return whether a reshape is more than axes that are split and axes that are merged.

    (64, 12, 20) to (64, 240), (8, 8, 240) or (768, 20) only splits and merges. (64, 12, 20) to (240, 64) puts values
    of several channels into each of the 240 rows: whoever wrote it wanted to transpose.

    Args:
        before, after: two shapes with equally many elements.
    """
    return any(_cuts(*parts) for parts in _runs_of_axes(before, after))


def _runs_of_axes(before: Sequence[int], after: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield what stands in the place of what: axes of each shape that begin and end together, none without elements."""
    if 0 not in before:
        ends = {*accumulate(before, mul)} & {*accumulate(after, mul)}
        yield from zip(_parts(before, ends), _parts(after, ends), strict=True)


def _parts(shape: Sequence[int], ends: Container[int]) -> list[tuple[int, ...]]:
    """Return the runs of axes of a shape that end where both shapes have an end, without axes of one element."""
    found, start, product = [], 0, 1
    for position, size in enumerate(shape, 1):
        product *= size
        if product in ends:
            found.append(tuple(size for size in shape[start:position] if size > 1))
            start = position
    return [axes for axes in found if axes]


def _cuts(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Return whether axes become others of as many elements, with ends that lie across, by mistake."""
    ends = sorted({*accumulate(before, mul), *accumulate(after, mul)})
    if not any(outer % inner for inner, outer in pairwise(ends)):
        return False
    # two axes that become two of other sizes are one axis to whoever wrote it: the positions, in areas and in rows
    of_one_axis = len(before) == len(after) == 2 and not {*before} & {*after}
    return not of_one_axis and not _is_skew(before, after)


def _merged(before: Sequence[int], after: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield every two axes next to each other that a reshape makes one of; with the shapes changed over, that it makes
    of one.
    """
    for old, new in _runs_of_axes(before, after):
        if len(old) == 2 and len(new) == 1:
            yield old[0], old[1]


def _sides(call: Call) -> Iterator[tuple[int, int]]:
    """Yield (H, W) of the maps of a call, and of what a stride makes of them."""
    for shape in {tensor.shape for tensor in tensors(call.arguments()) if tensor.dim() == 4}:
        yield from ((-(-shape[2] // stride), -(-shape[3] // stride)) for stride in _STRIDES)


def _is_skew(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Return whether a reshape moves each row of a square matrix by one place more than the row above it.

    Attention turns distances into positions in this way: it pads (n, n) by a column, and reads (n, n + 1) again as
    (n + 1, n); for distances of both signs (2n - 1, n) becomes (n, 2n - 1).
    """
    less, more = min(before), max(before)
    return len(before) == 2 and before == after[::-1] and more in (less + 1, 2 * less - 1)


def crossing(module: nn.Module, call: Call) -> Reshape | None:
    """Return the first reshape of what a module computes from its input after which its values stand elsewhere.

    None for none.

    What does not depend on the input is left out: the axes of a parameter mean whatever the module lets them mean. So
    is what a module does at a size at which it raises in the end: it may cut off what it does not expect to be there.
    The module is left as it was.
    """
    state = Snapshot(module)
    try:
        for trials in _trials(call):
            ran = False
            for trial in trials:
                watch = _Watch(_sides(trial))
                if _runs(module, trial, watch):
                    if watch.found:
                        return watch.found
                    ran = True
            if ran:
                return None
    finally:
        state.restore()
    return None


def _trials(call: Call) -> Iterator[list[Call]]:
    """Yield the calls to try together, the best first; the next ones are for a module that raises for all of these."""
    yield [call.sized(*sides) for sides in _SIDES]
    yield from ([call.sized(*sides)] for sides in _EVEN_SIDES)
    yield [call]


def _runs(module: nn.Module, call: Call, watch: _Watch) -> bool:
    """Run a module under the eyes of a watch; return whether it comes to an end."""
    args, kwargs = call.arguments()
    try:
        with torch.set_grad_enabled(True), _constant(module), watch:
            module(*mapped(_followed, args), **mapped(_followed, kwargs))
    except Exception:  # the module's code may raise anything for such a size
        return False
    return True


def _followed(tensor: Tensor) -> Tensor:
    """Return a tensor that torch follows through forward, and that forward may change in place."""
    return tensor.requires_grad_().clone() if tensor.is_floating_point() else tensor


@contextmanager
def _constant(module: nn.Module) -> Iterator[None]:
    """Let no parameter of a module require gradients."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


class _Watch(TorchFunctionMode):
    """Keep the first reshape that cuts across axes, or that takes height for width.

    Args:
        sides: (H, W) of the maps that may be merged to positions.
    """

    def __init__(self, sides: Iterable[tuple[int, int]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's has no types
        self.found: Reshape | None = None
        self._sides = frozenset(sides)
        self._merged: set[tuple[int, int]] = set()  # so far, in the order of the axes
        # what is a reshape of what has another shape, and that shape
        self._original: MutableMapping[Tensor, tuple[int, ...]] = WeakTensorKeyDictionary()  # type: ignore[no-untyped-call]

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = args[0] if args else (kwargs or {}).get("input")
        if self.found is None and func.__name__ in _RESHAPES and isinstance(given, Tensor) and given.requires_grad:
            self._look(given, result)
        return result

    def _look(self, given: Tensor, result: Tensor) -> None:
        if given.numel() != result.numel():  # a view as another type has others
            return
        before, after = self._original.get(given, tuple(given.shape)), tuple(result.shape)
        self._original[result] = before
        self._merged.update(_merged(before, after))
        if cuts_across(before, after):
            self.found = Reshape(before, after, users_line())
        elif sides := next(filter(self._is_turned, _merged(after, before)), None):
            self.found = Reshape(before, after, users_line(), sides[::-1])

    def _is_turned(self, split: tuple[int, int]) -> bool:
        """Return whether positions are split into (W, H) that no axes but (H, W) were merged to."""
        turned = split[::-1]
        return split != turned and turned in self._sides & self._merged and split not in self._merged
