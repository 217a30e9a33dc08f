"""The row of a model, and what every figure of the rows was measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES
from yolopatch.core.compare.curves import Curves
from yolopatch.core.compare.evaluation import Evaluation
from yolopatch.wire.facts import LayerCost, Times

MIB = 2**20


@dataclass(frozen=True)
class Metrics:
    """What a training run reports of its boxes on the validation images, read from its results.csv.

    Attributes:
        precision, recall, map50, map50_95: of one epoch, the one with the highest mAP50-95.
        epoch: which, counted from 1.
        epochs: how many the file has.
        data: the data set that the run names, None where it names none.
    """

    precision: float
    recall: float
    map50: float
    map50_95: float
    epoch: int
    epochs: int
    data: str | None

    def figures(self) -> dict[str, object]:
        """Return them by their names in results; None for what upstream writes into no file."""
        known = {
            "precision": self.precision,
            "recall": self.recall,
            "mAP50": self.map50,
            "mAP50-95": self.map50_95,
        }
        return {**known, "small": None, "medium": None, "large": None, "coco": None, "classes": None}


@dataclass(frozen=True)
class Row:
    """The figures of one model.

    Attributes:
        name: as the user calls it.
        layers, parameters: as upstream prints them for the model as it is built.
        gflops_true: counted by torch, for one image.
        gflops_upstream: as upstream prints them (thop), None where thop fails.
        times: of a forward of all images of the batch after upstream's fuse(), None where fuse() failed.
        fps: images per second, by the median; None where fuse() failed.
        memory: the peak of the same forward in bytes, None where fuse() failed.
        metrics: of its training run, None for a model without one.
        by_layer: what each layer costs, in their order.
        curves: of its training run, None for a model without one.
        evaluation: on the data that the user named, None without it or without weights.
        rates: the layers with parameters whose learning rate upstream's trainer multiplies, by the number, as text.
    """

    name: str
    layers: int
    parameters: int
    gflops_true: float
    gflops_upstream: float | None
    times: Times | None
    fps: float | None
    memory: int | None
    metrics: Metrics | None
    by_layer: tuple[LayerCost, ...] = ()
    curves: Curves | None = None
    evaluation: Evaluation | None = None
    rates: Mapping[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> Metrics | Evaluation | None:
        """What is known of its accuracy: as it was measured here, else as its run reports it."""
        return self.evaluation or self.metrics

    def data(self) -> dict[str, object]:
        """Return its part of what `compare --json` prints; its keys are a contract."""
        return {
            "name": self.name,
            "layers": self.layers,
            "parameters": self.parameters,
            "gflops": {"true": self.gflops_true, "upstream": self.gflops_upstream},
            "latency_ms": {**vars(self.times), "fused": True} if self.times else None,
            "fps": self.fps,
            "memory_mib": None if self.memory is None else round(self.memory / MIB, 2),
            "metrics": self.scores.figures() if self.scores else None,
            "by_layer": [layer.data() for layer in self.by_layer],
        }


@dataclass(frozen=True)
class Process:
    """A process that measured models in turn.

    Attributes:
        models: their names.
        workspace, pin, commit: whose code ran.
        fix_patches: the names of those in it.
        edited: how many files of that commit have changes that are not committed: then other code ran than its.
        hardware: the name of the GPU, or of the processor.
        threads: of torch, None on a GPU.
        rounds: how often each model was timed.
        torch: its release.
    """

    models: tuple[str, ...]
    workspace: str
    pin: str
    commit: str
    fix_patches: tuple[str, ...]
    edited: int
    hardware: str
    threads: int | None
    rounds: int
    torch: str

    @property
    def code(self) -> str:
        """Whose code ran, in words."""
        more = [patch.what for patch in FIX_PATCHES if patch.name in self.fix_patches]
        more += [f"{self.edited} edited file{'s' * (self.edited > 1)}"] if self.edited else []
        return f"{self.pin} {self.commit[:12]}" + (f" with {' and '.join(more)}" if more else "")

    @property
    def place(self) -> str:
        """What it ran on, in words."""
        threads = f", {self.threads} thread{'s' * (self.threads != 1)}" if self.threads else ""
        return f"{self.hardware}{threads}, torch {self.torch}"


@dataclass(frozen=True)
class Method:
    """How the figures were measured: side of the images in pixels, images in a forward, and the processes."""

    imgsz: int
    batch: int
    half: bool
    processes: tuple[Process, ...]

    @property
    def precision(self) -> str:
        """The type of the numbers of a forward."""
        return "float16" if self.half else "float32"

    def process_of(self, name: str) -> Process:
        """Return the process that measured a model."""
        return next(process for process in self.processes if name in process.models)

    def data(self) -> dict[str, object]:
        """Return its part of what `compare --json` prints."""
        return {
            "imgsz": self.imgsz,
            "batch": self.batch,
            "precision": self.precision,
            "processes": [{**vars(process), "models": list(process.models)} for process in self.processes],
        }
