"""Where upstream's trainer multiplies learning rates."""

from __future__ import annotations

from collections import defaultdict

from ..tensors.models import UpstreamModel
from ..tensors.tensors import layer_index, layer_name
from ..upstreams.upstream import Upstream


def multiplied_rates(upstream: Upstream, model: UpstreamModel) -> dict[str, str]:
    """Return the layers with parameters whose learning rate upstream's trainer multiplies, by the number, as text.

    How many parameters these are is no matter: it is another number for each head.
    """
    try:
        found = upstream.rates(model)
    except Exception:  # the trainer of a release that cannot be asked: a comparison does without
        return {}
    layers: dict[str, dict[int, str]] = defaultdict(dict)
    for name, rate in found.items():
        index = layer_index(name)
        if rate != 1 and index is not None:
            last = index == len(model.model) - 1
            layers[f"{rate:g}"][index] = "the head" if last else layer_name(model, index)
    return {rate: ", ".join(names[index] for index in sorted(names)) for rate, names in layers.items()}
