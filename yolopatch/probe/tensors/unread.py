"""Which of the maps that a layer reads it makes no use of."""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn as nn
from torch import Tensor

from .calls import Call, outcome, quarter
from .perturb import perturb_parameters


def unread_maps(layer: nn.Module, call: Call) -> list[int]:
    """Return the positions of the maps that change the output of a layer neither in eval nor in train.

    A map of which only the size is used, to resize another one to it, counts as read; so does one behind a number that
    begins at zero.

    Args:
        layer: a layer that reads several maps; it is copied.
        call: the call that the model makes.
    """
    copy = perturb_parameters(deepcopy(layer))
    modes = [mode for mode in (False, True) if outcome(copy, call, mode) is not None]
    return [
        position
        for position, given in enumerate(call.maps)
        if modes and not any(_changes(copy, call, position, other, modes) for other in _others(given))
    ]


def _others(given: Tensor) -> tuple[Tensor, Tensor]:
    """Return a map of the same shape with other values, and one of another size."""
    noise = torch.randn(given.shape, generator=torch.Generator().manual_seed(6)).to(given)
    return noise, quarter(given)


def _changes(layer: nn.Module, call: Call, position: int, other: Tensor, modes: list[bool]) -> bool:
    changed = call.with_map(position, other)
    return any(not _same(outcome(layer, call, mode), outcome(layer, changed, mode)) for mode in modes)


def _same(found: list[Tensor] | None, expected: list[Tensor] | None) -> bool:
    """Return whether two outcomes are equal bit by bit; None, where the layer raises, is one, too."""
    if found is None or expected is None:
        return found is expected
    return len(found) == len(expected) and all(torch.equal(a, b) for a, b in zip(found, expected))
