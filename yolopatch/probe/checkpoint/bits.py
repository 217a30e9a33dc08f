"""Integers of a few bits each, stored without gaps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_BYTE = 8


def pack_bits(values: Tensor, bits: int) -> Tensor:
    """Return integers as a stream of bits in two's complement, lowest bit first: uint8, shape (ceil(n * bits / 8),).

    Args:
        values: int8, of any shape, each within [-2^(bits-1), 2^(bits-1) - 1].
        bits: the width of each integer, from 1 to 8.
    """
    spread = (values.flatten().view(torch.uint8).unsqueeze(1) >> _positions(bits)) & 1
    stream = spread.flatten()
    stream = torch.nn.functional.pad(stream, (0, -len(stream) % _BYTE))
    return (stream.view(-1, _BYTE) << _positions(_BYTE)).sum(1, dtype=torch.uint8)


def unpack_bits(stream: Tensor, bits: int, shape: Sequence[int]) -> Tensor:
    """Return the integers that `pack_bits` was called with, int8 in this shape."""
    count = torch.Size(shape).numel()
    spread = (stream.unsqueeze(1) >> _positions(_BYTE)) & 1
    unsigned = (spread.flatten()[: count * bits].view(count, bits) << _positions(bits)).sum(1, dtype=torch.int16)
    negative = unsigned >= 2 ** (bits - 1)
    signed: Tensor = unsigned - negative * 2**bits
    return signed.to(torch.int8).view(*shape)


def packed_size(count: int, bits: int) -> int:
    """Return the number of bytes of `count` packed integers."""
    return -(-count * bits // _BYTE)


def _positions(bits: int) -> Tensor:
    return torch.arange(bits, dtype=torch.uint8)
