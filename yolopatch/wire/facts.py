"""`facts`: models to build, and what to measure of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .messages import UpstreamRequest

INFO, TRUE_GFLOPS, PASSES, FUSE = QUESTIONS = ("info", "true_gflops", "passes", "fuse")


@dataclass(frozen=True)
class Question:
    """A model to build.

    Attributes:
        cfg: the path of its YAML.
        scale: a letter; None for upstream's own choice.
        ask: what to measure, some of QUESTIONS.
    """

    cfg: str
    scale: str | None
    ask: tuple[str, ...] = ()


@dataclass(frozen=True)
class FactsRequest(UpstreamRequest):
    """Models to build, and the side of the square image in pixels."""

    imgsz: int
    models: tuple[Question, ...]


@dataclass(frozen=True)
class UpstreamInfo:
    """The figures of a model that upstream prints; the GFLOPs are counted by thop, None where thop fails."""

    layers: int
    parameters: int
    gradients: int
    gflops: float | None


@dataclass(frozen=True)
class Passes:
    """One forward pass in eval mode, and one forward and backward pass in train mode.

    Attributes:
        shapes: the shape of each output tensor in eval mode.
        finite: whether all of these tensors are finite.
        without_gradient: the names of parameters that got no gradient.
        zero_gradient: the names of parameters whose gradient is all zeros.
        gradients_finite: whether all gradients are finite.
    """

    shapes: tuple[tuple[int, ...], ...]
    finite: bool
    without_gradient: tuple[str, ...]
    zero_gradient: tuple[str, ...]
    gradients_finite: bool


@dataclass(frozen=True)
class Fused:
    """The effect of upstream's fuse().

    Attributes:
        difference: the relative change of the feature maps that the head gets.
        left_unfused: the names of layers that still have a BatchNorm.
    """

    difference: float
    left_unfused: tuple[str, ...]


@dataclass(frozen=True)
class LayerRow:
    """A built layer, as tables show it; `source` is the index of the layer that it reads, or a list of indices."""

    index: int
    source: int | list[int]
    kind: str
    parameters: int

    def data(self) -> dict[str, Any]:
        """Return the row with its keys in results: Python does not allow fields named `from` and `class`."""
        return {"index": self.index, "from": self.source, "class": self.kind, "parameters": self.parameters}


@dataclass(frozen=True)
class ModelFacts:
    """The answers for one model; None for what was not asked."""

    parameters: int
    table: tuple[LayerRow, ...]
    info: UpstreamInfo | None = None
    true_gflops: float | None = None
    passes: Passes | None = None
    fuse: Fused | None = None


@dataclass(frozen=True)
class FactsAnswer:
    """The facts of each model, in the order of the questions."""

    models: tuple[ModelFacts, ...]
