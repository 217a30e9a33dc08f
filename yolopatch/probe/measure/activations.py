"""Which layers apply an activation or a norm, as a module or as a function: what torch dispatches shows both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..tensors.models import Layer, UpstreamModel

_TRIED = (-3.0, -1.5, -0.5, 0.0, 0.5, 1.5, 3.0)  # a function that is a straight line through these is no activation
_STRAIGHT = 1e-4


_NORM = re.compile(r"(?:batch|group|instance|layer|rms)_norm")  # in the names of torch's operators


@dataclass(frozen=True)
class Parts:
    """The indices of the layers that bend each value of a map, and of those that use one of torch's norms."""

    activated: set[int]
    normalised: set[int]


@torch.no_grad()
def applied_parts(model: UpstreamModel, x: Tensor) -> Parts:
    """Run a model and return which layers apply an activation, and which a norm."""
    mode = _Parts()

    def enter(layer: Layer, _: object) -> None:
        mode.layer = layer.i

    handles = [layer.register_forward_pre_hook(enter) for layer in model.model]
    try:
        with mode:
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return Parts(mode.activated, mode.normalised)


class _Parts(TorchDispatchMode):
    """Notes the layers in which an operator of one tensor bends a map's values, and those with a norm's operator."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.layer = -1
        self.activated: set[int] = set()
        self.normalised: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        is_known = self.layer in self.activated or not (_is_map(result) and _takes_one(func, args))
        if not is_known and _is_bent(func, args[1:], kwargs or {}):
            self.activated.add(self.layer)
        if _NORM.search(func.__name__):
            self.normalised.add(self.layer)
        return result


def _is_map(value: object) -> bool:
    """Return whether a value is a tensor of shape (batch, channels, height, width) with more than one pixel."""
    return isinstance(value, Tensor) and value.dim() == 4 and value.shape[-1] * value.shape[-2] > 1


def _takes_one(func: Any, args: Any) -> bool:
    return torch.Tag.pointwise in func.tags and isinstance(args[0], Tensor) and not any(map(_is_tensor, args[1:]))


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _is_bent(func: Any, others: Any, kwargs: Any) -> bool:
    tried = torch.tensor(_TRIED)
    found = func(tried.clone(), *others, **kwargs)
    if not isinstance(found, Tensor) or found.shape != tried.shape or not found.is_floating_point():
        return False
    line = found[0] + (found[-1] - found[0]) * (tried - tried[0]) / (tried[-1] - tried[0])
    return not bool(torch.allclose(found, line, atol=_STRAIGHT))
