"""What is told of a tensor's values: whether two processes have the same shows, and else how far apart they are."""

from __future__ import annotations

import hashlib
import math

import torch
import torch.nn as nn
from torch import Tensor

from ...wire.fork.models import Values

_SUMS = 16
_DIGITS = 16  # of a digest


def values_of(tensor: Tensor) -> Values:
    """Return what is told of a tensor.

    Its sketch has the sums of each sixteenth value under random signs (count sketch; Charikar, Chen and Farach-Colton,
    2002): the distance of two sketches is an estimate of the distance of the tensors, wherever in them they differ.
    """
    plain = _plain(tensor)
    finite = torch.nan_to_num(plain.double().flatten(), 0.0, 0.0, 0.0)
    norm = float(finite.norm())
    generator = torch.Generator().manual_seed(finite.numel())
    signed = finite * (torch.randint(0, 2, finite.shape, generator=generator, dtype=torch.int8) * 2 - 1)
    sums = nn.functional.pad(signed, (0, -len(signed) % _SUMS)).view(-1, _SUMS).sum(0)
    broken = bool(plain.is_floating_point() and not torch.isfinite(plain).all())
    return Values(
        tuple(tensor.shape),
        digest(tensor),
        math.nan if broken else norm,
        tuple(float(one) / norm if norm else 0.0 for one in sums),
    )


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
