"""`facts`: models to build, and what is asked about each."""

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
        ask: some of QUESTIONS.
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
    """What upstream prints of a model; its GFLOPs are thop's, None where thop fails."""

    layers: int
    parameters: int
    gradients: int
    gflops: float | None


@dataclass(frozen=True)
class Passes:
    """One forward in eval, and one forward and backward in train.

    Attributes:
        shapes: of each tensor that comes out in eval.
        finite: whether all of these are.
        without_gradient, zero_gradient: the names of parameters.
        gradients_finite: whether all gradients are.
    """

    shapes: tuple[tuple[int, ...], ...]
    finite: bool
    without_gradient: tuple[str, ...]
    zero_gradient: tuple[str, ...]
    gradients_finite: bool


@dataclass(frozen=True)
class Fused:
    """What upstream's fuse() does: the relative change of what the head gets, and who still has a BatchNorm."""

    difference: float
    left_unfused: tuple[str, ...]


@dataclass(frozen=True)
class LayerRow:
    """A built layer, as tables show it; `source` is the index of what it reads, or a list of them."""

    index: int
    source: int | list[int]
    kind: str
    parameters: int

    def data(self) -> dict[str, Any]:
        """Return the row as results have it: `from` and `class` are no names in Python."""
        return {"index": self.index, "from": self.source, "class": self.kind, "parameters": self.parameters}


@dataclass(frozen=True)
class ModelFacts:
    """What was asked of one model; None for what was not."""

    parameters: int
    table: tuple[LayerRow, ...]
    info: UpstreamInfo | None = None
    true_gflops: float | None = None
    passes: Passes | None = None
    fuse: Fused | None = None


@dataclass(frozen=True)
class FactsAnswer:
    """One for each question, in their order."""

    models: tuple[ModelFacts, ...]
