"""Tensors in float16: upstream saves `model.half()` and loads `.float()`."""

from __future__ import annotations

import torch
from torch import Tensor


def as_half(tensor: Tensor) -> Tensor:
    """Return a floating-point tensor as float16, any other tensor as it is."""
    return in_type(tensor, torch.float16)


def in_type(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a floating-point tensor in another such type, any other tensor as it is."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def through_half(tensor: Tensor) -> Tensor:
    """Return a tensor of the same type with what its values become when float16 stores them."""
    return as_half(tensor).to(tensor.dtype)
