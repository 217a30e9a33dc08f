"""Record the arguments of a layer's real call, and run a module again with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import torch
import torch.nn as nn
from torch import Tensor

from .models import UpstreamModel
from .tensors import is_finite, seed_all, tensors

T = TypeVar("T")

BATCH = 2  # BatchNorm over a single point has no variance to train with


class Call:
    """The arguments of one call of one module; every use returns copies, because forward may write to them."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args, self._kwargs = copied(args), copied(kwargs)

    @property
    def first(self) -> Tensor | None:
        """The first tensor of the arguments: the feature map."""
        return next(tensors((self._args, self._kwargs)), None)

    @property
    def is_finite(self) -> bool:
        """Whether every tensor of the arguments is finite."""
        return is_finite((self._args, self._kwargs))

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return copies of the positional and of the named arguments."""
        return copied(self._args), copied(self._kwargs)

    def to(self, device: torch.device | str) -> Call:
        """Return the same call with every tensor on a device."""

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device)

        return Call(mapped(move, self._args), mapped(move, self._kwargs))

    def noise(self, seed: int) -> Call:
        """Return the same call with standard normal noise in every floating-point tensor."""
        generator = torch.Generator().manual_seed(seed)

        def draw(tensor: Tensor) -> Tensor:
            return torch.randn(tensor.shape, generator=generator).to(tensor) if tensor.is_floating_point() else tensor

        return Call(mapped(draw, self._args), mapped(draw, self._kwargs))

    @property
    def maps(self) -> Sequence[Tensor]:
        """The maps of a layer that reads several: the tensors of the list that is its first argument; else none."""
        given = self._args[0] if self._args else None
        if not isinstance(given, (list, tuple)) or not all(isinstance(value, Tensor) for value in given):
            return []
        return given

    def with_map(self, position: int, other: Tensor) -> Call:
        """Return the same call with another map in the place of one of `maps`."""
        maps = [other if number == position else value for number, value in enumerate(self.maps)]
        return Call((maps, *self._args[1:]), self._kwargs)

    def sized(self, height: int, width: int) -> Call:
        """Return the same call with maps of other sides, shape (B, C, H, W): the smallest map gets these.

        A map that has a whole multiple of the smallest one's sides keeps it. What was pooled to one position beside
        larger maps stays so. The values are noise.
        """
        maps = [tensor for tensor in tensors((self._args, self._kwargs)) if tensor.dim() == 4]
        least = min((tensor.shape[-1] for tensor in maps if tensor.shape[-1] > 1), default=1)

        def draw(tensor: Tensor) -> Tensor:
            if tensor.dim() != 4 or not tensor.is_floating_point() or tensor.shape[-1] < least:
                return tensor
            times = tensor.shape[-1] // least
            return torch.randn(*tensor.shape[:2], times * height, times * width).to(tensor)

        seed_all(0)
        return Call(mapped(draw, self._args), mapped(draw, self._kwargs))

    def halved(self) -> Call:
        """Return the same call with the upper left quarter of every map, shape (B, C, H / 2, W / 2)."""
        return Call(mapped(quarter, self._args), mapped(quarter, self._kwargs))


def quarter(tensor: Tensor) -> Tensor:
    """Return the upper left quarter of a map, shape (B, C, H / 2, W / 2); a tensor that is no map as it is."""
    whole = tensor.dim() != 4 or min(tensor.shape[2:]) < 2
    return tensor if whole else tensor[..., : tensor.shape[2] // 2, : tensor.shape[3] // 2]


def mapped(function: Callable[[Tensor], Tensor], value: T) -> T:
    """Return nested dicts, lists and tuples in which the function is applied to each tensor."""
    return cast("T", _mapped(function, value))


def _mapped(function: Callable[[Tensor], Tensor], value: Any, around: tuple[int, ...] = ()) -> Any:
    if isinstance(value, Tensor):
        return function(value)
    if id(value) in around:  # a container that holds itself keeps what it holds
        return value
    around = (*around, id(value))
    if isinstance(value, dict):
        return {key: _mapped(function, item, around) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(function, item, around) for item in value)
    return value


def copied(value: T) -> T:
    """Return nested dicts, lists and tuples with a copy of each tensor in them, detached from any graph."""
    return mapped(lambda tensor: tensor.detach().clone(), value)


@torch.no_grad()
def layer_calls(model: UpstreamModel, x: Tensor, indices: Iterable[int]) -> dict[int, Call]:
    """Run the model on images and return the first call of each of these layers, by index."""
    calls: dict[int, Call] = {}

    def keep(index: int) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]:
        def hook(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            calls.setdefault(index, Call(args, kwargs))

        return hook

    hooks = [model.model[i].register_forward_pre_hook(keep(i), with_kwargs=True) for i in indices]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def outcome(module: nn.Module, call: Call, training: bool) -> list[Tensor] | None:
    """Return copies of the tensors that a module returns for a call, seeded; None where it raises."""
    module.train(training)
    seed_all(0)
    args, kwargs = call.arguments()
    try:
        with torch.no_grad():
            return [tensor.clone() for tensor in tensors(module(*args, **kwargs))]
    except Exception:  # the module's code may raise anything; that is an outcome, too
        return None
