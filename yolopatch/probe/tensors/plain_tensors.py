"""Tensors that a module holds without registering them: as attributes, or in its own lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn as nn
from torch import Tensor

_OWN_KEYS = frozenset(vars(nn.Module()))  # every module has these: its tables of parameters, children and hooks


class PlainTensor(NamedTuple):
    """An unregistered tensor: its dotted name, and the module that holds it."""

    name: str
    owner: nn.Module
    tensor: Tensor


class Remembered(NamedTuple):
    """A tensor before forward ran, and a copy of its values."""

    name: str
    tensor: Tensor
    values: Tensor


def registered(model: nn.Module) -> set[int]:
    """Return the ids of every parameter and buffer of a model."""
    return {id(tensor) for tensor in (*model.parameters(), *model.buffers())}


def attributes(module: nn.Module) -> list[tuple[str, Any]]:
    """Return a module's attributes, without its tables of parameters, buffers, children and hooks: (name, value).

    Tensors of its class count: torch registers a parameter only where a constructor sets it.
    """
    own = {key: value for key, value in vars(module).items() if key not in _OWN_KEYS}
    return list((_class_tensors(type(module)) | own).items())


def _class_tensors(cls: type) -> dict[str, Tensor]:
    """Return the tensors of a class and its bases that hold values; upstream's heads have empty ones."""
    listed = [vars(base) for base in reversed(cls.__mro__)]
    return {k: v for attrs in listed for k, v in attrs.items() if isinstance(v, Tensor) and v.numel()}


def plain_tensors(layer: nn.Module, known: Collection[int] = ()) -> list[PlainTensor]:
    """Return every unregistered tensor of a layer and of the modules in it.

    A parameter in a Python list counts, and so do the tensors of a module in a list: `.to()` does not move them, and
    they are not saved.

    Args:
        layer: a module.
        known: ids of tensors to leave out besides the layer's own parameters and buffers.
    """
    seen = registered(layer) | set(known)
    found = []
    for path, module in layer.named_modules():
        for key, value in attributes(module):
            for name, tensor in _inside(value, f"{path}.{key}" if path else key):
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    found.append(PlainTensor(name, module, tensor))
    return found


class FirstCalls:
    """Notes, while it is entered, which plain tensors each layer of a model holds when it is first called.

    What it holds later, forward has made: a cache, which another size or device gets anew.
    """

    def __init__(self) -> None:
        self._names: dict[int, set[str]] = {}  # by the id of a layer
        self._hook: Any = None

    def __enter__(self) -> FirstCalls:
        self._hook = nn.modules.module.register_module_forward_pre_hook(self._note)
        return self

    def __exit__(self, *raised: object) -> None:
        self._hook.remove()

    def _note(self, module: nn.Module, args: object) -> None:
        if isinstance(vars(module).get("i"), int) and id(module) not in self._names:  # as parse_model numbers layers
            self._names[id(module)] = {one.name for one in plain_tensors(module)}

    def constructed(self, layer: nn.Module) -> set[str]:
        """Return the names of the plain tensors of a layer that it held before it was first called."""
        found = self._names.get(id(layer))
        return {one.name for one in plain_tensors(layer)} if found is None else found


def _inside(value: Any, name: str, around: tuple[int, ...] = ()) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a value with their names; `around` are the ids of the containers that it is in.

    A container may hold itself: parse_model puts its own dict of the file into a row of that dict.
    """
    if isinstance(value, Tensor):
        yield name, value
        return
    if id(value) in around:
        return
    around = (*around, id(value))
    if isinstance(value, nn.Module):
        yield from ((f"{name}.{n}", t) for n, t in (*value.named_parameters(), *value.named_buffers()))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, f"{name}[{key!r}]", around)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _inside(item, f"{name}[{position}]", around)


def overwritten(before: Collection[Remembered], after: Mapping[str, Tensor]) -> set[str]:
    """Return the names that hold another tensor, or other values, than before: `forward` keeps its own values there.

    Args:
        before: the tensors before forward, as `remembered` returns them.
        after: the same names, and the tensors that they hold now.
    """
    return {name for name, tensor, values in before if not _kept(after.get(name), tensor, values)}


def remembered(found: Collection[PlainTensor]) -> list[Remembered]:
    """Return what `overwritten` needs to know of plain tensors before forward runs."""
    return [Remembered(name, tensor, tensor.detach().clone()) for name, _, tensor in found]


def _kept(now: Tensor | None, tensor: Tensor, values: Tensor) -> bool:
    return now is tensor and same_values(now, values)


def same_values(tensor: Tensor, other: Tensor) -> bool:
    """Return whether two tensors are equal bit by bit; NaN at the same position counts as equal."""
    if tensor.shape != other.shape or tensor.dtype != other.dtype or tensor.device != other.device:
        return False
    if torch.equal(tensor, other):
        return True
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return False
    nan = torch.isnan(tensor)
    return torch.equal(nan, torch.isnan(other)) and torch.equal(tensor[~nan], other[~nan])
