"""Check without a GPU whether a module works when its tensors are not on the CPU: with torch's device `meta`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from .calls import Call, mapped
from .half import as_half
from .plain_tensors import attributes
from .tensors import tensors

M = TypeVar("M", bound=nn.Module)

_COPIES = ("aten._to_copy.default", "aten.copy_.default")  # with these a tensor changes its device
_TAKE_INDICES = ("aten.index.", "aten.index_put", "aten._index_put")  # the indices may be on the CPU
_HERE = str(Path(__file__).parent.parent)  # the probe


class DeviceMismatch(RuntimeError):
    """An operator got tensors of two devices, as it would on a GPU."""


class _Watch(TorchDispatchMode):
    """Raises for operators that mix `meta` with the CPU, as torch does when a real device is mixed with it.

    Attributes:
        to_cpu: the lines that move a float16 tensor to the CPU.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.to_cpu: list[str] = []

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
            if args[0].dtype == torch.float16 and args[0].dim():
                self.to_cpu.append(_last_line(traceback.extract_stack()))
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


class Elsewhere(NamedTuple):
    """What happens when a layer runs as if on another device; at most one of the first two texts is not empty.

    Attributes:
        mixed: which operator mixes two devices.
        not_run: why it could not be run.
        to_cpu: the first line that moves a float16 tensor to the CPU, where the layer computes in float16; "" for none.
    """

    mixed: str = ""
    not_run: str = ""
    to_cpu: str = ""


@torch.no_grad()
def run_elsewhere(layer: nn.Module, call: Call) -> Elsewhere:
    """Run a layer as if on another device, and again in float16.

    Args:
        layer: a module that was moved to `meta`; unregistered tensors that did not follow are on the CPU. Changed.
        call: the call that the model makes.
    """
    args, kwargs = call.to("meta").arguments()
    try:
        with _Watch():
            layer.eval()(*args, **kwargs)
    except DeviceMismatch as error:
        return Elsewhere(mixed=f"{error}, at {_last_line(traceback.extract_tb(error.__traceback__))}")
    except Exception as error:  # the module's code, or torch on a device without values, may raise anything
        return Elsewhere(not_run=f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
    return Elsewhere(to_cpu=_half_on_cpu(layer, call))


def _half_on_cpu(layer: nn.Module, call: Call) -> str:
    """Run a layer on `meta` in float16; return the first line that moves a float16 tensor to the CPU."""
    args, kwargs = call.to("meta").arguments()
    watch = _Watch()
    with watch, suppress(Exception):  # that it does not run in float16 is told by the check `precision`
        layer.half()(*mapped(as_half, args), **mapped(as_half, kwargs))
    return next(iter(watch.to_cpu), "")


def _last_line(stack: traceback.StackSummary) -> str:
    """Return the innermost line that is neither torch's nor the probe's."""
    ours = (_HERE, str(Path(torch.__file__).parent))
    frames = [f for f in stack if not f.filename.startswith(ours)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown line"
