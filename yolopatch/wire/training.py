"""What a run of `reproduce` asks for: `dataset`, `train`, `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .messages import UpstreamRequest


@dataclass(frozen=True)
class DatasetRequest(UpstreamRequest):
    """A data YAML, which upstream resolves; it fetches a set that is missing, if the YAML names a download."""

    data: str


@dataclass(frozen=True)
class DatasetAnswer:
    """The paths of each part of the set, and the classes' names."""

    parts: Mapping[str, tuple[str, ...]]
    names: list[str]


@dataclass(frozen=True)
class TrainRequest(UpstreamRequest):
    """A training to run, or to go on with.

    Attributes:
        script: the training script, and `words`, its arguments.
        checkpoints: to go on from, the newest first.
        init: the checkpoint that the words name to start from, None where they name none.
    """

    script: str
    words: tuple[str, ...]
    checkpoints: tuple[str, ...]
    init: str | None


@dataclass(frozen=True)
class Resumed:
    """From which checkpoint training goes on, None where it starts anew."""

    checkpoint: str | None


@dataclass(frozen=True)
class SavesTo:
    """Upstream has made the folder of its results."""

    folder: str


@dataclass(frozen=True)
class Arrived:
    """How many tensors of the start weights the trainer's model holds at its first step, and which differ."""

    tensors: int
    equal: int
    differing: list[str]


@dataclass(frozen=True)
class TrainingEnded:
    """The script ran to its end."""


@dataclass(frozen=True)
class Curves:
    """What to draw by epoch, and into which file."""

    losses: Mapping[str, list[float]]
    map50: list[float | None]
    file: str


@dataclass(frozen=True)
class EvaluateRequest(UpstreamRequest):
    """A trained checkpoint to validate, predict with and export.

    Attributes:
        data: the data YAML.
        device: upstream's word for it, None for its own choice.
        image: what to predict on.
        folder: where upstream writes.
    """

    weights: str
    data: str
    imgsz: int
    device: str | None
    image: str
    folder: str
    curves: Curves


@dataclass(frozen=True)
class TrainedModel:
    """The checkpoint's model: its parameters, how many layers of each class, and whether all is finite."""

    parameters: int
    classes: Mapping[str, int]
    finite: bool


@dataclass(frozen=True)
class Score:
    """mAP50 and mAP50-95, from 0 to 1, as upstream's validation gives them."""

    map50: float
    map: float


@dataclass(frozen=True)
class Prediction:
    """How many objects upstream shows on the image, and the best score."""

    objects: int
    score: float


@dataclass(frozen=True)
class Validated:
    """The score on each part of the data."""

    parts: Mapping[str, Score]


@dataclass(frozen=True)
class Exported:
    """What each export gave, by its form: `file`, `megabytes` and `predicted`, or `error`."""

    forms: Mapping[str, Mapping[str, object]]
