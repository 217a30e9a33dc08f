"""`data check`: find what upstream would not accept in a data set, before a long training."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.base_model import DETECT, TASKS, BaseModel
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.names import unknown
from yolopatch.core.data.labels import ERROR, WARNING, LabelFormat, read_labels
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.data.dataset import PARTS, Dataset, images, label_file, read_dataset
from yolopatch.outside.files.images import find_image_fault
from yolopatch.outside.files.model_yaml import read_cfg

_MOST_KEYPOINTS = 10_000  # for one object
_MOST_ABSENT = 10  # classes without an object, named in one line


@dataclass(frozen=True)
class Problem:
    """A problem: an error loses images or stops the training, a warning is for the user to decide."""

    severity: str
    where: str
    what: str


@dataclass(frozen=True)
class Part:
    """`train`, `val` or `test`: the numbers of images, of images without an object, and of objects."""

    name: str
    images: int
    empty: int
    objects: int


@dataclass(frozen=True)
class DatasetReport:
    """What a data set holds, and its problems."""

    data: Path
    task: str
    parts: tuple[Part, ...]
    objects: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """The number of problems that are errors."""
        return sum(problem.severity == ERROR for problem in self.problems)


def check_dataset(file: Path, task: str | None, cfg: Path | None, checked: Sequence[str] = PARTS) -> DatasetReport:
    """Read every image and label of a data set, and report what upstream would not accept.

    Args:
        file: the data YAML.
        task: the task of the labels; None for the model's task, or detection without a model.
        cfg: the YAML of the model to train on it; None to check the data set alone.
        checked: the parts to read.

    Raises:
        UsageError: a YAML is missing or wrong; problems of the images and labels are in the report.
    """
    model = read_cfg(cfg) if cfg else None
    task = task or (model.task if model else DETECT)
    if task not in TASKS or task == "classify":
        raise unknown("task with labels", task, [name for name in TASKS if name != "classify"])
    data = read_dataset(file)
    form = LabelFormat(task, len(data.names), _keypoints(data, task))
    problems = [*_of_model(data, model)] if model else []
    objects: Counter[int] = Counter()
    parts = []
    for name in checked:
        if data.says.get(name):
            part, found = _part(data, name, form, objects)
            parts.append(part)
            problems.extend(found)
    problems.extend(_of_classes(data, objects))
    problems.extend(_of_channels(data, model, task))
    named = {name: objects[number] for number, name in enumerate(data.names)}
    return DatasetReport(file, task, tuple(parts), named, tuple(problems))


def _keypoints(data: Dataset, task: str) -> tuple[int, int]:
    if task != "pose":
        return 0, 0
    shape = data.says.get("kpt_shape")
    if not (
        isinstance(shape, list) and len(shape) == 2 and shape[0] in range(1, _MOST_KEYPOINTS) and shape[1] in (2, 3)
    ):
        raise UsageError(
            f"{data.file} has no kpt_shape",
            details=["expected: the number of keypoints and of values for each, 2 or 3, e.g. kpt_shape: [17, 3]"],
            hint=f"add the line to {data.file}, or name another task with --task",
        )
    return shape[0], shape[1]


def _of_model(data: Dataset, model: CfgFile) -> Iterator[Problem]:
    if model.nc != len(data.names):
        what = f"has {model.nc} classes, the data {len(data.names)}: upstream builds the model with those of the data"
        yield Problem(WARNING, str(model.path), what)


def _part(data: Dataset, name: str, form: LabelFormat, objects: Counter[int]) -> tuple[Part, list[Problem]]:
    problems: list[Problem] = []
    files: list[Path] = []
    for source in data.sources(name):
        found, fault = _images_of(source)
        files.extend(found)
        if fault:
            problems.append(Problem(ERROR, str(source), f"{fault} ({name} of {data.file.name})"))
    empty = count = 0
    for image in files:
        classes, faults = _image(image, form)
        objects.update(classes)
        problems.extend(faults)
        empty += not classes
        count += len(classes)
    part = Part(name, len(files), empty, count)
    if files and empty == len(files):
        where = label_file(files[0]).parent
        problems.append(Problem(ERROR, str(where), f"no image of {name} has an object: upstream reads the labels here"))
    return part, problems


def _images_of(source: Path) -> tuple[list[Path], str]:
    """Return the images of a folder or list, and why there are none."""
    try:
        found = list(images(source))
    except YolopatchError as error:
        return [], error.what.removeprefix(f"{source} ")
    return found, "" if found else "has no images" if os.path.exists(source) else "does not exist"


def _image(image: Path, form: LabelFormat) -> tuple[tuple[int, ...], list[Problem]]:
    wrong = find_image_fault(image) if os.path.isfile(image) else "does not exist"
    problems = [Problem(ERROR, str(image), wrong)] if wrong else []
    file = label_file(image)
    if not os.path.isfile(file):
        return (), problems
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return (), [*problems, Problem(ERROR, str(file), f"cannot be read: {error.strerror}")]
    labels = read_labels(text, form)
    problems.extend(Problem(one.severity, f"{file}:{one.line}", one.what) for one in labels.faults)
    return labels.classes, problems


def _of_classes(data: Dataset, objects: Counter[int]) -> Iterator[Problem]:
    absent = [name for number, name in enumerate(data.names) if not objects[number]]
    if absent and objects:
        others = len(absent) - _MOST_ABSENT
        rest = f" and {others:,} other classes" if others > 0 else ""
        yield Problem(WARNING, str(data.file), f"no object of {', '.join(absent[:_MOST_ABSENT])}{rest}")


def _of_channels(data: Dataset, model: CfgFile | None, task: str) -> Iterator[Problem]:
    """Yield that rows ask for as many channels as there are classes: ultralytics takes such a number for nc."""
    count = len(data.names)
    asking = _layers_of(model, count) if model else _families_of(task, count)
    if asking:
        what = (
            f"has {count} classes, and {asking} ask for {count} channels: upstream takes such a number for nc and does "
            "not scale it, so the model is much larger than its scale; add a class that no label has"
        )
        yield Problem(WARNING, str(data.file), what)


def _layers_of(model: CfgFile, channels: int) -> str:
    if not model.content.get("scales"):
        return ""  # yolov5 compares with the head's outputs instead
    rows = [str(i) for i, row in enumerate(model.rows[:-1]) if row[3][:1] == [channels] and row[2] != "Concat"]
    return f"the rows of layers {', '.join(rows)} of {model.path.name}" if rows else ""


def _families_of(task: str, channels: int) -> str:
    models = [
        model
        for model in VARIANTS.values()
        if model.task == task and model.style == "ultralytics" and model.scales_channels
    ]
    names = [model.name for model in models if any(_asks(layer, channels) for layer in _layers_in(model))]
    return f"rows of {', '.join(names)}" if names else ""


def _layers_in(model: BaseModel) -> Iterator[Layer]:
    return (layer for _, graph in model.each_graph() for layer in graph.layers[:-1])


def _asks(layer: Layer, channels: int) -> bool:
    return layer.args[:1] == (channels,) and layer.sets_channels
