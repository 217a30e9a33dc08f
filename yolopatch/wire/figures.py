"""Figures of models: `graph`, `heatmap`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codec import encode
from .messages import UpstreamRequest

SAME, REPLACED, INSERTED = "same", "replaced", "inserted"
LAYERCAM, GRADCAM, EIGENCAM = METHODS = ("layercam", "gradcam", "eigencam")


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


@dataclass(frozen=True)
class HeatRequest(UpstreamRequest):
    """Map where a model looks on images, or from where a unit in the middle of a layer gets its value.

    Attributes:
        cfg, weights, scale: as in GraphRequest.
        images: their files.
        imgsz: the longer side to which an image is scaled, in pixels.
        layer: the number of the layer; None for those that the head reads (for `erf` the coarsest of them).
        method: one of METHODS.
        confidence: the score from which an object counts.
        erf: map the effective receptive field instead.
        folder: an empty folder for the maps.
    """

    cfg: str
    weights: str
    scale: str
    images: tuple[str, ...]
    imgsz: int
    layer: int | None
    method: str
    confidence: float
    erf: bool
    folder: str


@dataclass(frozen=True)
class FoundObject:
    """An object that the model finds: its class, its score, and its box as x, y, x, y in pixels of the scaled image."""

    name: str
    number: int
    score: float
    box: tuple[float, ...]


@dataclass(frozen=True)
class Heat:
    """A map.

    Attributes:
        image: the file of the image; "" for a receptive field, which is the mean over all of them.
        width, height: of the map and of the scaled image, in pixels.
        values: the file of the map: one float32 a pixel, as multiples of the map's mean; all 0 where there is nothing.
        picture: the file of the scaled image: three bytes a pixel; "" for a receptive field.
        objects: what the model finds, the best first; empty for a receptive field.
        sides: for a receptive field, the side in pixels of the square in the middle that has a share of the gradient.
    """

    image: str
    width: int
    height: int
    values: str
    picture: str
    objects: tuple[FoundObject, ...]
    sides: Mapping[str, int]


@dataclass(frozen=True)
class HeatAnswer:
    """The maps of one model.

    Attributes:
        layers: the numbers of the layers that were mapped; empty where the asked layer does not exist.
        count: the number of the model's layers.
        maps: one for each image; one alone for a receptive field.
    """

    layers: tuple[int, ...]
    count: int
    maps: tuple[Heat, ...]
