"""What is told of a tensor's values: whether two processes have the same shows, and else how far apart they are."""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

from ...wire.fork.models import Values

_PROJECTIONS = 16
_DIGITS = 16  # of a digest


def values_of(tensor: Tensor) -> Values:
    """Return what is told of a tensor.

    A projection on random signs is an estimate of a norm: over several of them, the difference of two tensors shows
    wherever in them it is (Johnson and Lindenstrauss, 1984).
    """
    plain = _plain(tensor)
    finite = torch.nan_to_num(plain.double().flatten(), 0.0, 0.0, 0.0)
    norm = float(finite.norm())
    generator = torch.Generator().manual_seed(finite.numel())
    signs = [
        torch.randint(0, 2, finite.shape, generator=generator, dtype=torch.int8).double() * 2 - 1
        for _ in range(_PROJECTIONS)
    ]
    projections = tuple(float(finite @ sign) / norm if norm else 0.0 for sign in signs)
    broken = bool(plain.is_floating_point() and not torch.isfinite(plain).all())
    return Values(tuple(tensor.shape), digest(tensor), math.nan if broken else norm, projections)


def digest(tensor: Tensor) -> str:
    """Return a text that two tensors share if they have the same type, shape and values."""
    plain = _plain(tensor)
    seen = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)} ".encode())
    seen.update(plain.flatten().view(torch.uint8).numpy().tobytes())
    return seen.hexdigest()[:_DIGITS]


def _plain(tensor: Tensor) -> Tensor:
    """Return a tensor on the CPU, in a type that numpy has, with one kind of NaN and of zero."""
    found = tensor.detach().cpu()
    if found.is_quantized:
        found = found.dequantize()
    if found.is_complex():
        found = torch.view_as_real(found.resolve_conj())
    if not found.is_floating_point():
        return found.contiguous().to(torch.uint8) if found.dtype is torch.bool else found.contiguous()
    if found.dtype not in (torch.float32, torch.float64):
        found = found.float()
    return torch.where(torch.isnan(found), torch.full_like(found, math.nan), found + 0.0).contiguous()
