"""`facts` and `compare`: models to build, and what to measure of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .messages import UpstreamRequest

INFO, TRUE_GFLOPS, PASSES, FUSE, LATENCY = QUESTIONS = ("info", "true_gflops", "passes", "fuse", "latency")


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
class Times:
    """The times of forward passes of one image, in milliseconds.

    Attributes:
        median: half of the passes were faster.
        low: a quarter of the passes were faster.
        high: a quarter of the passes were slower.
    """

    median: float
    low: float
    high: float

    @property
    def fps(self) -> float:
        """Images per second, by the median."""
        return round(1e3 / self.median, 2)


@dataclass(frozen=True)
class Latency:
    """How long a model takes for one image, in eval mode and without gradients.

    Attributes:
        as_built: with each BatchNorm as a layer of its own, as in training and validation.
        fused: after upstream's fuse(), as in prediction and export; None where fuse() failed.
        failure: why fuse() failed; "" where it did not.
        rounds: how often each was timed.
        hardware: the name of the GPU, or "cpu".
        threads: how many threads torch used; None on a GPU.
    """

    as_built: Times
    fused: Times | None
    failure: str
    rounds: int
    hardware: str
    threads: int | None

    def data(self) -> dict[str, Any]:
        """Return its part of what `summary --json` and `verify --json` print."""
        both = {"as_built": self.as_built, "fused": self.fused}
        return {
            "latency_ms": vars(self.as_built),
            "latency_fused_ms": vars(self.fused) if self.fused else None,
            "fps": {name: times.fps if times else None for name, times in both.items()},
        }


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
    latency: Latency | None = None


@dataclass(frozen=True)
class FactsAnswer:
    """The facts of each model, in the order of the questions."""

    models: tuple[ModelFacts, ...]


@dataclass(frozen=True)
class ModelSource:
    """A model to compare.

    Attributes:
        file: the path of its YAML, or of its checkpoint.
        scale: a letter; "" for a file without scales, and for a checkpoint, which names its own.
        checkpoint: whether the file is a checkpoint. It is read as data, and no code of it is run.
    """

    file: str
    scale: str
    checkpoint: bool


@dataclass(frozen=True)
class CompareRequest(UpstreamRequest):
    """Models to compare.

    Attributes:
        imgsz: side of the square images in pixels.
        batch: images in a forward.
        half: whether a forward runs in float16.
        device: torch's name of the device that the forwards run on.
        models: the models.
    """

    imgsz: int
    batch: int
    half: bool
    device: str
    models: tuple[ModelSource, ...]


@dataclass(frozen=True)
class Cost:
    """What a forward takes, in eval, without gradients, after upstream's fuse().

    Attributes:
        times: of a forward of all images of the batch; None where fuse() failed.
        memory: bytes of all tensors that are alive at the same time, weights included; None where fuse() failed.
        failure: why fuse() failed; "" where it did not.
        rounds: how often each model was timed.
        hardware: the name of the GPU, or "cpu".
        threads: how many threads torch used; None on a GPU.
    """

    times: Times | None
    memory: int | None
    failure: str
    rounds: int
    hardware: str
    threads: int | None


@dataclass(frozen=True)
class LayerCost:
    """What a layer is and costs as it is built: `gflops` of one image, counted by torch."""

    index: int
    kind: str
    parameters: int
    gflops: float

    def data(self) -> dict[str, Any]:
        """Return it with its keys in results: Python does not allow a field named `class`."""
        return {"index": self.index, "class": self.kind, "parameters": self.parameters, "gflops": self.gflops}


@dataclass(frozen=True)
class ComparedModel:
    """One of the models: its task, its counts as it is built, of each layer, too, and what a forward takes.

    `rates` has the layers with parameters whose learning rate upstream's trainer multiplies, by the number, as text.
    """

    task: str
    info: UpstreamInfo
    true_gflops: float
    layers: tuple[LayerCost, ...]
    rates: dict[str, str]
    cost: Cost


@dataclass(frozen=True)
class CompareAnswer:
    """The models in the order of the request, and the release of torch that ran them."""

    torch: str
    models: tuple[ComparedModel, ...]
