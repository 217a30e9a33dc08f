"""Tensors with other axes than a map's: (batch, channels, height, width) is what upstream's layers hand on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from ..tensors.tensors import tensors

MAP_AXES = 4
_REMEDIES = {
    2: "keep the two axes of the map: x.mean((2, 3), keepdim=True), or nn.AdaptiveAvgPool2d(1) without a flatten after "
    "it; where such values are weights, multiply the map by them",
    3: "give the tokens the form of a map again at its end: x.transpose(1, 2).reshape(B, C, H, W)",
    5: "take the axis out again that it put in: x.squeeze(2) of what unsqueeze(2) made, or the mean over it",
}


def first_without_map(layers: Sequence[Module], x: Tensor) -> tuple[int, list[int]] | None:
    """Return the first layer that makes something else than a map of maps: (its index, the shape).

    Args:
        layers: those of a model of upstream's, in their order.
        x: images.
    """
    given: list[Any] = []
    for index, layer in enumerate(layers):
        source: Any = layer.f
        took = [
            x if one == -1 and not given else given[one] for one in (source if isinstance(source, list) else [source])
        ]
        made: Any = None
        with torch.no_grad(), suppress(Exception):  # the layer that fails is the end of what can be looked at
            made = layer(took if isinstance(source, list) else took[0])
        if made is None:
            return None
        if isinstance(made, Tensor) and made.dim() != MAP_AXES and all(one.dim() == MAP_AXES for one in tensors(took)):
            return index, list(made.shape)
        given.append(made)
    return None


def remedy_for(axes: int, name: str) -> str:
    """Return how a class gives a map, where it gives a tensor of so many axes."""
    how = _REMEDIES.get(axes, "return a tensor of 4 axes: batch, channels, height, width")
    return f"let the forward of {name} return a map: {how}"
