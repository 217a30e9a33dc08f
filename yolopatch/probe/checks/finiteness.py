"""Find the first layer with an output that is not finite: the layers after it only pass this on."""

from __future__ import annotations

from collections.abc import Mapping

from ..tensors.models import UpstreamModel
from ..tensors.tensors import is_finite, layer_name


def first_not_finite(outputs: Mapping[int, object]) -> int | None:
    """Return the index of the first layer with a value that is not finite; None where all are finite.

    Args:
        outputs: the outputs by layer index, in the order of the layers.
    """
    return next((index for index, output in outputs.items() if not is_finite(output)), None)


def describe_not_finite(model: UpstreamModel, index: int) -> str:
    """Return one clause that names this layer."""
    return f"{layer_name(model, index)} is the first layer with an output that is not finite"
