"""What a base's layer has beside its convolution, and the layer in its place has not."""

import torch.nn as nn


def dropped_parts(layer, base):
    """Return the kinds of parts that the base's layer holds as modules and the layer does not, in words."""
    return [name for name, holds in _KINDS.items() if holds(base) and not holds(layer)]


def _holds_norm(layer):
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in layer.modules())


def _holds_activation(layer):
    return any(type(m).__module__ == nn.SiLU.__module__ for m in layer.modules())


_KINDS = {"BatchNorm": _holds_norm, "activation": _holds_activation}
