"""What each tensor of a model starts as, where its layers stand for those of a base model.

A module of the same class takes the base's tensors. One that says how it is initialised from a convolution
(`init_from(conv, x)`) is. A subclass of the base's class, as patched blocks are, is walked through, child by child.
"""

from dataclasses import dataclass

import torch.nn as nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...wire.checkpoints import COPIED, FRESH, INITIALISED


@dataclass(frozen=True)
class Part:
    """Tensors of one module of a model, and where they come from.

    Attributes:
        name: the module's dotted name in the model.
        source: the dotted name of the base's module, None where there is none.
        how: COPIED, INITIALISED or FRESH.
        tensors: their names within the module: for COPIED its own, else all below it.
        taken: names of the base's tensors within its module that go into them.
        reason: why.
    """

    name: str
    source: str | None
    how: str
    tensors: tuple
    taken: tuple = ()
    reason: str = ""


def inherit(new, old, name, source):
    """Yield the parts of a module of the model, given the base's module that it stands for (None: none)."""
    if old is None:
        yield _fresh(new, name, source, "the base has nothing in its place")
    elif type(new) is type(old):
        yield from _walk(new, old, name, source)
    elif hasattr(new, "init_from"):
        yield _initialised(new, old, name, source)
    elif isinstance(new, type(old)):
        yield from _walk(new, old, name, source)
    else:
        why = f"{_kind(new)} does not say how it is initialised from {_kind(old)}: it has no init_from(conv, x)"
        yield _fresh(new, name, source, why)


def convolution(module):
    """Return the convolution that a module of the base is, in eval; the BatchNorm behind it is folded in."""
    return module if isinstance(module, nn.Conv2d) else fuse_conv_bn_eval(module.conv, module.bn)


def _is_convolution(module):
    inner = type(getattr(module, "conv", None)) is nn.Conv2d and isinstance(getattr(module, "bn", None), nn.BatchNorm2d)
    return isinstance(module, nn.Conv2d) or inner


def _initialised(new, old, name, source):
    if not _is_convolution(old):
        return _fresh(
            new, name, source, f"{_kind(new)} is initialised from a convolution, and the base has {_kind(old)}"
        )
    taken = tuple(old.state_dict())
    return Part(name, source, INITIALISED, tuple(new.state_dict()), taken, f"from {_kind(old)}")


def _walk(new, old, name, source):
    """Yield the parts of two modules of the same kind: their own tensors by name, then their children by name."""
    own, theirs = _own(new), _own(old)
    same = tuple(key for key, tensor in own.items() if key in theirs and tensor.shape == theirs[key].shape)
    if same:
        yield Part(name, source, COPIED, same, same)
    for key, tensor in own.items():
        if key not in same:
            yield Part(name, source, FRESH, (key,), (), _why(key, tensor, theirs.get(key)))
    children = dict(old.named_children())
    for key, child in new.named_children():
        below = children.get(key)
        inner = f"{source}.{key}" if below is not None else None
        yield from inherit(child, below, f"{name}.{key}", inner)


def _fresh(new, name, source, reason):
    return Part(name, source, FRESH, tuple(new.state_dict()), (), reason)


def _why(key, tensor, theirs):
    if theirs is None:
        return f"the base has no {key}"
    return f"{key} is {_size(tensor)} here, {_size(theirs)} in the base"


def _own(module):
    """Return a module's own tensors that a state dict holds, by name."""
    below = {f"{child}.{name}" for child, inner in module.named_children() for name in inner.state_dict()}
    return {name: tensor for name, tensor in module.state_dict().items() if name not in below}


def _size(tensor):
    return "x".join(map(str, tensor.shape)) or "a scalar"


def _kind(module):
    return type(module).__name__
