"""What each tensor of a model starts from, given the base model's layer that each of its layers equals or replaces.

A module of the same class copies the base's tensors. A module with `init_from(conv, x)` is initialised from the base's
convolution. A subclass of the base's class, as patched blocks are, is compared child by child.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn as nn
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...wire.checkpoints import COPIED, FRESH, INITIALISED, PartStart


def inherit(new: nn.Module, old: nn.Module | None, name: str, source: str | None) -> Iterator[PartStart]:
    """Yield the parts of a module of the model.

    Args:
        new: the module.
        old: the base's module that it equals or replaces; None where the base has none.
        name, source: the dotted names of both.
    """
    if old is None:
        yield _fresh(new, name, source, "the base has no such part")
    elif type(new) is type(old):
        yield from _walk(new, old, name, source)
    elif hasattr(new, "init_from"):
        yield _initialised(new, old, name, source)
    elif isinstance(new, type(old)):
        yield from _walk(new, old, name, source)
    else:
        why = f"{_kind(new)} cannot be initialised from {_kind(old)}: it has no method init_from(conv, x)"
        yield _fresh(new, name, source, why)


def convolution(module: nn.Module) -> nn.Conv2d:
    """Return the convolution of a base's module in eval; a BatchNorm after it is folded in."""
    return module if isinstance(module, nn.Conv2d) else fuse_conv_bn_eval(module.conv, module.bn)


def _is_convolution(module: nn.Module) -> bool:
    inner = type(getattr(module, "conv", None)) is nn.Conv2d and isinstance(getattr(module, "bn", None), nn.BatchNorm2d)
    return isinstance(module, nn.Conv2d) or inner


def _initialised(new: nn.Module, old: nn.Module, name: str, source: str | None) -> PartStart:
    if not _is_convolution(old):
        why = f"{_kind(new)} is initialised from a convolution, and the base has {_kind(old)}"
        return _fresh(new, name, source, why)
    taken = tuple(old.state_dict())
    return PartStart(name, source, INITIALISED, tuple(new.state_dict()), taken, f"from {_kind(old)}")


def _walk(new: nn.Module, old: nn.Module, name: str, source: str | None) -> Iterator[PartStart]:
    """Yield the parts of two modules of the same kind: their own tensors by name, then their children by name."""
    own, theirs = _own_tensors(new), _own_tensors(old)
    same = tuple(key for key, tensor in own.items() if key in theirs and tensor.shape == theirs[key].shape)
    if same:
        yield PartStart(name, source, COPIED, same, same)
    for key, tensor in own.items():
        if key not in same:
            yield PartStart(name, source, FRESH, (key,), (), _why_fresh(key, tensor, theirs.get(key)))
    children = dict(old.named_children())
    for key, child in new.named_children():
        below = children.get(key)
        inner = f"{source}.{key}" if below is not None else None
        yield from inherit(child, below, f"{name}.{key}", inner)


def _fresh(new: nn.Module, name: str, source: str | None, reason: str) -> PartStart:
    return PartStart(name, source, FRESH, tuple(new.state_dict()), (), reason)


def _why_fresh(key: str, tensor: Tensor, theirs: Tensor | None) -> str:
    if theirs is None:
        return f"the base has no {key}"
    return f"{key} is {_size(tensor)} here, {_size(theirs)} in the base"


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a module's state dict that no child of it holds, by name."""
    below = {f"{child}.{name}" for child, inner in module.named_children() for name in inner.state_dict()}
    return {name: tensor for name, tensor in module.state_dict().items() if name not in below}


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a scalar"


def _kind(module: nn.Module) -> str:
    return type(module).__name__
