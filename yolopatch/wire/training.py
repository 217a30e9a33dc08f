"""The tasks of a run of `reproduce`: `dataset`, `train`, `evaluate`; and `boxes`, which evaluates checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .facts import ModelSource
from .messages import UpstreamRequest

TRUTH, FOUND = 6, 7
"""Numbers of a record in the files: image, class, left, top, right, bottom, in pixels of the image; then the score."""


@dataclass(frozen=True)
class DatasetRequest(UpstreamRequest):
    """Find a data set by its YAML, as upstream does: it downloads a missing set where the YAML names a download."""

    data: str


@dataclass(frozen=True)
class DatasetAnswer:
    """The paths of each part of the data set, by part, and the names of the object classes."""

    parts: Mapping[str, tuple[str, ...]]
    names: list[str]


@dataclass(frozen=True)
class Tracked:
    """A run as a tracker shows it.

    Attributes:
        tracker: the name of the tracker, as `--tracker` has it.
        name: of the run.
        group: of the runs that belong together.
        tags: what the run is, by key: `group`, `arm`, `scale`, `seed`, `commit`.
    """

    tracker: str
    name: str
    group: str
    tags: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """The tags as words, for trackers whose tags have no key."""
        return [f"{key}:{value}" for key, value in self.tags.items()]


@dataclass(frozen=True)
class TrainRequest(UpstreamRequest):
    """Start a training, or resume it.

    Attributes:
        script: the training script.
        words: its arguments.
        checkpoints: the checkpoints to resume from, the newest first; empty for a new training.
        init: the checkpoint of the start weights that `words` names, None where it names none.
        paths: of a resumed training the data, the folder of the results and the like, by upstream's names: those in
            the checkpoint may be of another machine. Without one, the checkpoint's is taken.
        tracked: how a tracker shows the run, None where none is switched on.
    """

    script: str
    words: tuple[str, ...]
    checkpoints: tuple[str, ...]
    init: str | None
    paths: Mapping[str, str] = field(default_factory=dict)
    tracked: Tracked | None = None


@dataclass(frozen=True)
class Resumed:
    """The checkpoint from which the training resumes, None for a new training."""

    checkpoint: str | None


@dataclass(frozen=True)
class SavesTo:
    """Upstream has made the folder for its results."""

    folder: str


@dataclass(frozen=True)
class Arrived:
    """How many tensors of the start weights reached the trainer's model, compared before its first step.

    Attributes:
        tensors: the number of tensors of the start weights.
        equal: how many of them the model has with the same values.
        differing: the names of the others.
    """

    tensors: int
    equal: int
    differing: list[str]


@dataclass(frozen=True)
class TrainingEnded:
    """The training script ended without an error."""


@dataclass(frozen=True)
class Curves:
    """Curves to draw.

    Attributes:
        losses: each loss by epoch, by its name.
        map50: mAP50 by epoch, None where it was not measured.
        file: the image to write.
    """

    losses: Mapping[str, list[float]]
    map50: list[float | None]
    file: str


@dataclass(frozen=True)
class EvaluateRequest(UpstreamRequest):
    """Validate a trained checkpoint, predict with it and export it.

    Attributes:
        weights: the checkpoint.
        data: the data YAML.
        imgsz: the side of the square image in pixels.
        device: as upstream's `device` argument, None for upstream's choice.
        image: the image to predict on.
        folder: the folder in which upstream writes.
        curves: the training curves to draw.
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
    """The checkpoint's model.

    Attributes:
        parameters: their number.
        classes: the number of layers by class.
        finite: whether all of its tensors are finite.
    """

    parameters: int
    classes: Mapping[str, int]
    finite: bool


@dataclass(frozen=True)
class Score:
    """mAP50 and mAP50-95, from 0 to 1, by upstream's validation."""

    map50: float
    map: float


@dataclass(frozen=True)
class Prediction:
    """The number of objects that upstream finds on the image, and their highest score, from 0 to 1."""

    objects: int
    score: float


@dataclass(frozen=True)
class Validated:
    """The score on each part of the data set, by part."""

    parts: Mapping[str, Score]


@dataclass(frozen=True)
class Exported:
    """The result of each export, by format: `file`, `megabytes` and `predicted`, or `error`."""

    forms: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class BoxesRequest(UpstreamRequest):
    """Checkpoints to validate.

    Attributes:
        models: the checkpoints, which are read as data.
        images: a text file with the path of an image on each line; their labels lie where upstream looks for them.
        classes: the names of the data's classes, in order.
        imgsz: side of the images in pixels, as upstream's validation takes it.
        batch: images in a forward; None for upstream's own default.
        half: whether forwards run in float16.
        device: torch's name of the device.
        folder: an empty folder for the files of the answer.
        look_only: refuse what cannot be validated, and validate nothing.
    """

    models: tuple[ModelSource, ...]
    images: str
    classes: tuple[str, ...]
    imgsz: int
    batch: int | None
    half: bool
    device: str
    folder: str
    look_only: bool


@dataclass(frozen=True)
class ClassScore:
    """Upstream's figures for a class: its number, and precision, recall, mAP50 and mAP50-95."""

    number: int
    precision: float
    recall: float
    map50: float
    map50_95: float


@dataclass(frozen=True)
class UpstreamFigures:
    """What upstream's validation says of a model.

    Attributes:
        precision, recall, map50, map50_95: over all classes.
        classes: of each class that has an object or a box, as upstream lists them.
        images: the number of images that upstream took.
        batch: images in a forward.
        confidence: the least score of a box.
        overlap: the IoU above which NMS keeps only the better of two boxes; None where the model has no NMS.
        most: the most boxes for an image.
        half: whether forwards ran in float16: upstream does not wherever it is asked to.
    """

    precision: float
    recall: float
    map50: float
    map50_95: float
    classes: tuple[ClassScore, ...]
    images: int
    batch: int
    confidence: float
    overlap: float | None
    most: int
    half: bool


@dataclass(frozen=True)
class ValidatedModel:
    """A model's validation.

    Attributes:
        figures: upstream's own.
        truth: a file with TRUTH doubles for each object, as upstream read them.
        found: a file with FOUND doubles for each box.
    """

    figures: UpstreamFigures
    truth: str
    found: str


@dataclass(frozen=True)
class BoxesAnswer:
    """The models in the order of the request; none where it was only looked."""

    models: tuple[ValidatedModel, ...]
