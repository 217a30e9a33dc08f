"""Give a model weights that two trees agree on without a file between them: they depend on no name and on no seed."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator

import torch
import torch.nn as nn
from torch import Tensor

from ..tensors.models import UpstreamModel
from ..tensors.tensors import unshared

_MEANS, _VARIANCES = "running_mean", "running_var"


@torch.no_grad()
def fill(model: UpstreamModel) -> None:
    """Fill every learned parameter and the statistics of every norm, in place.

    What a tensor gets depends on its shape, on its place among the tensors of its layer, and on how many layers before
    that one have any. All others stay as the code made them, because they are constants: the kernel of a wavelet, the
    table of a position.
    """
    seen: Counter[str] = Counter()  # by layer, in order
    for name, tensor in _filled(model):
        layer = _layer(name)
        seen[layer] += 1
        key = f"{len(seen)} {seen[layer]}"
        generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
        place = unshared(tensor)
        place.copy_(_drawn(name.rpartition(".")[2], place, generator))


def _filled(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for prefix, module in model.named_modules():
        start = f"{prefix}." if prefix else ""
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and not isinstance(parameter, nn.parameter.UninitializedParameter):
                yield start + name, parameter
        for name, buffer in module.named_buffers(recurse=False):
            if name in (_MEANS, _VARIANCES):
                yield start + name, buffer


def _layer(name: str) -> str:
    """Return the number of the layer that a tensor belongs to; "" outside all layers."""
    parts = name.split(".")
    return parts[1] if parts[0] == "model" and len(parts) > 1 else ""


def _drawn(leaf: str, tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Return values that neither die out nor grow without bound from the first layer to the last."""
    if leaf == _MEANS:
        return torch.randn(tensor.shape, generator=generator) * 0.1
    if tensor.dim() < 2 or leaf == _VARIANCES:
        return torch.rand(tensor.shape, generator=generator) + 0.5
    inputs = tensor.numel() // tensor.shape[0] if tensor.numel() else 1
    return torch.randn(tensor.shape, generator=generator) / math.sqrt(inputs)
