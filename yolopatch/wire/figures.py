"""Figures of models: `graph`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .codec import encode
from .messages import UpstreamRequest

SAME, REPLACED, INSERTED = "same", "replaced", "inserted"


@dataclass(frozen=True)
class GraphRequest(UpstreamRequest):
    """Describe the layers of a model, and of the model of upstream's own that it was made from.

    Attributes:
        cfg: its YAML; "" for the model of a checkpoint.
        weights: the checkpoint, which is read as data; "" for a YAML.
        scale: a letter; "" for a file without scales, and for a checkpoint, which says it.
        imgsz: side of the square image in pixels.
    """

    cfg: str
    weights: str
    scale: str
    imgsz: int


@dataclass(frozen=True)
class GraphLayer:
    """A layer as it was built and run on one image.

    Attributes:
        index: its number.
        sources: the numbers of the layers that it reads; -1 is the image.
        kind: its class.
        shapes: of each tensor that it returns, without the batch.
        parameters: their number.
        how: SAME, REPLACED or INSERTED beside the base; SAME, too, in the base and without one.
        base: the number of the base's layer in whose place it stands, None where the base has none.
    """

    index: int
    sources: tuple[int, ...]
    kind: str
    shapes: tuple[tuple[int, ...], ...]
    parameters: int
    how: str = SAME
    base: int | None = None

    def data(self) -> dict[str, Any]:
        """Return the layer with its keys in results: Python does not allow fields named `from` and `class`."""
        renamed = {"sources": "from", "kind": "class"}
        return {renamed.get(key, key): value for key, value in encode(self).items()}


@dataclass(frozen=True)
class GraphAnswer:
    """The layers of a model and of its base.

    Attributes:
        layers: the model's.
        base: the base's; empty where no model of upstream's is like it.
        base_cfg: the name of the base's YAML; "" without a base.
        scale: the letter; "" for a model without scales.
        imgsz: side of the image in pixels, a multiple of the model's stride.
    """

    layers: tuple[GraphLayer, ...]
    base: tuple[GraphLayer, ...]
    base_cfg: str
    scale: str
    imgsz: int
