"""Normalisations over one value: they give the same number whatever comes in, so nothing before them can learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..tensors.calls import Call
from ..tensors.snapshots import Snapshot
from .raising import users_line

_OVER_AXIS = ("softmax", "log_softmax", "softmin", "normalize")
_AXIS_OF = {"normalize": 1}  # where the call names none


def normalises_one_value(module: nn.Module, call: Call) -> str:
    """Return the first normalisation over one value in the forward of a module, with its line; "" where none is.

    The module is left as it was.
    """
    state, watch = Snapshot(module), _Watch()
    args, kwargs = call.arguments()
    try:
        with torch.no_grad(), watch:
            module(*args, **kwargs)
    except Exception:  # the module's code may raise anything; the check `forward` reports it
        return ""
    finally:
        state.restore()
    return watch.found


class _Watch(TorchFunctionMode):
    """Keep the first normalisation over one value."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's has no types
        self.found = ""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = args[0] if args else (kwargs or {}).get("input")
        if not self.found and isinstance(given, Tensor):
            what = _over_one_value(func.__name__, given, args[1:], kwargs or {})
            if what:
                self.found = f"{users_line()} takes {what} of {list(given.shape)}, where there is one value"
        return func(*args, **(kwargs or {}))


def _over_one_value(name: str, given: Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return what is computed over one value, `softmax over axis 1`; "" where several are, or it is something else."""
    if name == "layer_norm":
        shape = args[0] if args else kwargs.get("normalized_shape")
        return "layer_norm" if isinstance(shape, (list, tuple)) and prod(shape) == 1 else ""
    if name not in _OVER_AXIS:
        return ""
    axis = kwargs.get("dim", (args[1:] if name == "normalize" else args)[:1] or _AXIS_OF.get(name))
    axis = axis[0] if isinstance(axis, (list, tuple)) and axis else axis
    if not isinstance(axis, int) or not -given.dim() <= axis < given.dim() or given.shape[axis] != 1:
        return ""
    return f"{name} over axis {axis % given.dim()}"
