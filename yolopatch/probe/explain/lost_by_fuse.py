"""Why a layer gives something else after upstream's fuse(), which raised nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import torch.nn as nn
from torch.nn import Module

_SETTINGS = ("padding_mode", "padding", "output_padding", "stride", "dilation", "groups")  # of a convolution


def lost_by_fuse(layer: Module, fused: Module) -> str:
    """Return what to do about a layer that fuse() changed; "" where nothing of it says why.

    Args:
        layer: the layer before.
        fused: the same after.
    """
    return next(chain(_lost_settings(layer, fused), _other_forwards(fused)), "")


def _lost_settings(layer: Module, fused: Module) -> Iterator[str]:
    """Yield a hint for each convolution that fuse() put another one in the place of, with other settings."""
    after = dict(fused.named_modules())
    for name, part in layer.named_modules():
        other = after.get(name)
        if not isinstance(part, nn.modules.conv._ConvNd) or other is part or not isinstance(other, type(part)):
            continue
        for setting in _SETTINGS:
            own, new = getattr(part, setting, None), getattr(other, setting, None)
            if own != new:
                owner = type(layer.get_submodule(name.rpartition(".")[0])).__name__
                yield (
                    f"upstream's fuse() puts a new convolution in the place of that of {owner}, with {setting}={new!r} "
                    f"where {owner} has {own!r}: do it in the forward of {owner} (F.pad for the padding), or derive "
                    f"{owner} from nn.Module, which fuse() leaves alone"
                )


def _other_forwards(fused: Module) -> Iterator[str]:
    """Yield a hint for each class with a forward of its own, in whose place fuse() puts an inherited forward_fuse."""
    for part in fused.modules():
        cls = type(part)
        if "forward" not in vars(part):
            continue
        name = getattr(vars(part)["forward"], "__name__", "")
        own, other = (next((one for one in cls.__mro__ if key in vars(one)), cls) for key in ("forward", name))
        if own is not other and issubclass(own, other):
            yield (
                f"{own.__name__} has its own forward, and fuse() puts the {name} of {other.__name__} in its place, "
                f"which does not know what {own.__name__} adds: give {own.__name__} its own {name} and fold, or derive "
                "it from nn.Module, which fuse() leaves alone"
            )
