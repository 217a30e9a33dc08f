"""The parts besides the convolution that a base's layer has, and the layer that replaces it has not."""

from __future__ import annotations

import torch.nn as nn

NORM, ACTIVATION = "BatchNorm", "activation"


def dropped_parts(layer: nn.Module, base: nn.Module) -> list[str]:
    """Return the kinds of parts, in words, that the base's layer has as modules and the layer has not."""
    return [name for name, holds in _KINDS.items() if holds(base) and not holds(layer)]


def _holds_norm(layer: nn.Module) -> bool:
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in layer.modules())


def _holds_activation(layer: nn.Module) -> bool:
    return any(type(m).__module__ == nn.SiLU.__module__ for m in layer.modules())


_KINDS = {NORM: _holds_norm, ACTIVATION: _holds_activation}
