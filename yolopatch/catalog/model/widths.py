"""How many channels each layer of a base model gives at a scale, as upstream's parsers count them."""

from __future__ import annotations

import math

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer, Scale

IMAGE = 3
_DIVISOR = 8  # upstream makes every number of channels a multiple of it


def widths(model: BaseModel, scale: str) -> tuple[int, ...]:
    """Return the channels of each layer's map; of the last layer, those of what it reads.

    Of a layer that sets no channels and joins several maps they are the sum: such a layer of a family is a Concat.

    Args:
        model: a family's own model.
        scale: of the model.
    """
    model = model.at(scale)
    found: list[int] = []
    for index, layer in enumerate(model.layers):
        found.append(_scaled(layer, model.scales[scale]) if layer.sets_channels else read_by(model, index, found))
    return tuple(found)


def read_by(model: BaseModel, index: int, found: list[int] | tuple[int, ...]) -> int:
    """Return how many channels a layer reads: those of the layers before it, or of the image."""
    return sum(IMAGE if source < 0 else found[source] for source in model.sources_of(index))


def _scaled(layer: Layer, scale: Scale) -> int:
    channels = int(layer.args[0])
    most = channels if scale.max_channels is None else min(channels, scale.max_channels)
    return math.ceil(most * scale.width / _DIVISOR) * _DIVISOR
