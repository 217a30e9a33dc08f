"""Integers of a few bits each, one behind the other."""

import torch

_BYTE = 8


def pack_bits(values, bits):
    """Return integers in two's complement as a stream of bits, lowest first: uint8, ceil(n * bits / 8) of them.

    Args:
        values: int8, of any shape, each within [-2^(bits-1), 2^(bits-1) - 1].
        bits: of each, from 1 to 8.
    """
    spread = (values.flatten().view(torch.uint8).unsqueeze(1) >> _places(bits)) & 1
    stream = spread.flatten()
    stream = torch.nn.functional.pad(stream, (0, -len(stream) % _BYTE))
    return (stream.view(-1, _BYTE) << _places(_BYTE)).sum(1, dtype=torch.uint8)


def unpack_bits(stream, bits, shape):
    """Return the integers of `pack_bits` again, int8 in this shape."""
    count = torch.Size(shape).numel()
    spread = (stream.unsqueeze(1) >> _places(_BYTE)) & 1
    unsigned = (spread.flatten()[: count * bits].view(count, bits) << _places(bits)).sum(1, dtype=torch.int16)
    negative = unsigned >= 2 ** (bits - 1)
    return (unsigned - negative * 2**bits).to(torch.int8).view(shape)


def packed_size(count, bits):
    """Return how many bytes so many integers take."""
    return -(-count * bits // _BYTE)


def _places(bits):
    return torch.arange(bits, dtype=torch.uint8)
