"""Reshapes that no splitting and merging of axes gives: after them, one axis holds pieces of several."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..tensors.calls import Call, mapped
from .raising import is_users

# sides of maps that no number of heads, groups or windows divides, also after a stride of two: nothing fits by chance
_SIDES = ((13, 21), (11, 13))
_RESHAPES = ("view", "reshape", "view_as", "reshape_as")


@dataclass(frozen=True)
class Reshape:
    """A reshape in a module's forward.

    Attributes:
        before, after: the shapes.
        line: where it stands, as `block.py:12 in forward`.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    line: str

    def __str__(self) -> str:
        return f"{self.line} makes {list(self.after)} of {list(self.before)}"


def cuts_across(before: Sequence[int], after: Sequence[int]) -> bool:
    """Return whether a reshape is more than axes that are split and axes that are merged.

    (64, 12, 20) to (64, 240), (8, 8, 240) or (768, 20) only splits and merges. (64, 12, 20) to (240, 64) puts values
    of several channels into each of the 240 rows: whoever wrote it wanted to transpose.

    Args:
        before, after: two shapes with equally many elements.
    """
    ends = sorted({*accumulate(before, mul), *accumulate(after, mul)} - {0})
    return any(outer % inner for inner, outer in pairwise(ends))


def crossing(module: nn.Module, call: Call) -> Reshape | None:
    """Return the first reshape of what a module computes from its input that cuts across axes; None for none.

    What does not depend on the input is left out: the axes of a parameter mean whatever the module lets them mean.
    """
    for sides in _SIDES:
        args, kwargs = call.sized(*sides).arguments()
        watch = _Watch()
        # the module's code may raise for such a size; what it did before counts
        with torch.set_grad_enabled(True), _constant(module), watch, suppress(Exception):
            module(*mapped(_followed, args), **mapped(_followed, kwargs))
        if watch.found:
            return watch.found
    return None


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
    """Keep the first reshape that cuts across axes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's has no types
        self.found: Reshape | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = args[0] if args else None
        if self.found is None and func.__name__ in _RESHAPES and isinstance(given, Tensor) and given.requires_grad:
            before, after = tuple(given.shape), tuple(result.shape)
            if given.numel() == result.numel() and cuts_across(before, after):  # a view as another type has others
                self.found = Reshape(before, after, _users_line())
        return result


def _users_line() -> str:
    """Return the innermost line that is running and is no library's; "" where none is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return ""
