"""Change the values of tensors: the values that a model was built with may hide what its tensors do."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn as nn
from torch import Tensor

from .tensors import unshared

M = TypeVar("M", bound=nn.Module)

_SHARE = 0.5  # a value changes by up to this much of itself, so that the signal keeps its size
_LEAST = 0.05  # up to this much is added as well, so that zeros change too
_LARGEST = 1e4  # uninitialised memory may hold anything; larger values would hide all others


@torch.no_grad()
def perturb_(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Change every value of a tensor, in place, and return the tensor.

    Floating-point values change by up to half of themselves and a little more; a tensor without negative values gets
    none, so that a variance stays valid. Integers change cyclically within their own range, so that an index stays
    valid; where all are equal, 1 is added. Booleans are flipped.

    Args:
        tensor: any tensor; it may require a gradient.
        generator: a generator on the CPU.
    """
    written = unshared(tensor)
    if tensor.is_floating_point() or tensor.is_complex():
        _moved_(written, generator)
    elif tensor.dtype == torch.bool:
        written.logical_not_()
    elif tensor.numel():
        written.copy_(_stepped(written, generator))
    return tensor


def _stepped(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Return integers that are moved cyclically within their own range by one random step."""
    low, high = int(tensor.min()), int(tensor.max())
    if not 0 < high - low < _LARGEST:
        return tensor + 1
    step = int(torch.randint(1, high - low + 1, (), generator=generator))
    return (tensor - low + step) % (high - low + 1) + low


def _moved_(tensor: Tensor, generator: torch.Generator) -> None:
    share = torch.rand(tensor.shape, generator=generator) * 2 - 1
    least = torch.rand(tensor.shape, generator=generator) * 2 - 1
    share, least = (t.to(tensor.device, tensor.dtype) for t in (share, least))
    values = _tame(tensor)
    tensor.copy_(values * (1 + _SHARE * share) + _LEAST * (least if _signed(tensor) else least.abs()))


@torch.no_grad()
def scramble_(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Replace the values of a floating-point tensor by random ones of the same size, in place; return the tensor.

    A tensor without negative values gets none. Integers and booleans stay: they are counts or indices.
    """
    if not tensor.is_floating_point():
        return tensor
    spread = _tame(tensor).float().pow(2).mean().sqrt() + _LEAST if tensor.numel() else 0.0
    drawn = torch.randn(tensor.shape, generator=generator).to(tensor.device) * spread
    return tensor.copy_(drawn if _signed(tensor) else drawn.abs() + _LEAST)


def _tame(tensor: Tensor) -> Tensor:
    values = torch.nan_to_num(tensor.detach())
    return values if values.is_complex() else values.clamp(-_LARGEST, _LARGEST)


def _signed(tensor: Tensor) -> bool:
    """Return whether a tensor may have negative values; a tensor of zeros may be a variance."""
    return tensor.is_complex() or bool((tensor < 0).any())


def perturb_parameters(model: M, seed: int = 0) -> M:
    """Change every parameter of a model, in place, and return the model; its buffers stay."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        perturb_(parameter, generator)
    return model
