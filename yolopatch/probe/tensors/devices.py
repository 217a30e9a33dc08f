"""Check without a GPU whether a module works when its tensors are not on the CPU: with torch's device `meta`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from .calls import Call, mapped
from .plain_tensors import attributes
from .tensors import tensors

M = TypeVar("M", bound=nn.Module)

_COPIES = ("aten._to_copy.default", "aten.copy_.default")  # with these a tensor changes its device
_TAKE_INDICES = ("aten.index.", "aten.index_put", "aten._index_put")  # the indices may be on the CPU
_HERE = str(Path(__file__).parent.parent)  # the probe


class DeviceMismatch(RuntimeError):
    """An operator got tensors of two devices, as it would on a GPU."""


class _Watch(TorchDispatchMode):
    """Raises for operators that mix `meta` with the CPU, as torch does when a real device is mixed with it."""

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = str(function)
        if name == _COPIES[0] and args[0].is_meta and torch.device(kwargs.get("device") or "meta").type == "cpu":
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        if name not in _COPIES:
            _refuse(name, args, kwargs)
        return function(*args, **kwargs)


def _refuse(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    # A tensor without dimensions is a number; it may be on any device.
    given = [t for t in tensors((args, dict(kwargs))) if t.dim()]
    if name.startswith(_TAKE_INDICES):
        given = [t for t in given if t.dtype.is_floating_point]
    if any(t.is_meta for t in given) and any(not t.is_meta for t in given):
        raise DeviceMismatch(f"{name.removeprefix('aten.').partition('.')[0]} gets a tensor on the CPU")


def to_meta(model: M) -> M:
    """Move a model to `meta` and return it; attributes that hold one of its parameters then hold the moved one.

    Between real devices torch moves a parameter's values and keeps the object; to `meta` it makes a new object.
    """
    before = dict(model.named_parameters())
    model.to("meta")
    moved = {id(before[name]): parameter for name, parameter in model.named_parameters()}

    def follow(tensor: Tensor) -> Tensor:
        return moved.get(id(tensor), tensor)

    for module in model.modules():
        for key, value in attributes(module):
            if any(id(tensor) in moved for tensor in tensors(value)):
                vars(module)[key] = mapped(follow, value)
    return model


@torch.no_grad()
def mismatch(layer: nn.Module, call: Call) -> tuple[str, str]:
    """Run a layer as if on another device and return (which operator mixes two devices, why it could not be run).

    Args:
        layer: a module that was moved to `meta`; unregistered tensors that did not follow are on the CPU.
        call: the call that the model makes.

    Returns:
        Two texts; at most one is not empty.
    """
    args, kwargs = call.to("meta").arguments()
    try:
        with _Watch():  # type: ignore[no-untyped-call]  # torch has no types for it
            layer.eval()(*args, **kwargs)
    except DeviceMismatch as error:
        return f"{error}, at {_line_of(error)}", ""
    except Exception as error:  # the module's code, or torch on a device without values, may raise anything
        return "", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    return "", ""


def _line_of(error: BaseException) -> str:
    """Return the innermost line of the traceback that is neither torch's nor the probe's."""
    ours = (_HERE, str(Path(torch.__file__).parent))
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(ours)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown line"
