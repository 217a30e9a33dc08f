"""`data check`: what upstream would find in a data set, before anybody trains for days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.catalog.names import unknown
from yolopatch.core.data.labels import ERROR, WARNING, LabelFormat, read_labels
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.errors import UsageError
from yolopatch.outside.data.dataset import PARTS, Dataset, images, label_file, read_dataset
from yolopatch.outside.files.images import fault
from yolopatch.outside.files.model_yaml import read_cfg


@dataclass(frozen=True)
class Problem:
    """What is wrong: an error costs images or the run, a warning is for a person to judge."""

    severity: str
    where: str
    what: str


@dataclass(frozen=True)
class Part:
    """`train`, `val` or `test`: images, those among them without an object, and objects."""

    name: str
    images: int
    empty: int
    objects: int


@dataclass(frozen=True)
class DatasetReport:
    """What a data set holds and what is wrong with it."""

    data: Path
    task: str
    parts: tuple[Part, ...]
    objects: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity == ERROR for problem in self.problems)


def check_dataset(file: Path, task: str | None, cfg: Path | None) -> DatasetReport:
    """Read every image and label of a data set and say what upstream would not take.

    Args:
        file: the data YAML.
        task: what the labels are for; None for the model's, or to detect.
        cfg: a model YAML that will be trained on it, if there is one.

    Raises:
        UsageError: a file is missing or is not what it should be; the set itself is judged in the report.
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
    for name in PARTS:
        if data.says.get(name):
            part, found = _part(data, name, form, objects)
            parts.append(part)
            problems.extend(found)
    problems.extend(_of_classes(data, objects))
    named = {name: objects[number] for number, name in enumerate(data.names)}
    return DatasetReport(file, task, tuple(parts), named, tuple(problems))


def _keypoints(data: Dataset, task: str) -> tuple[int, int]:
    if task != "pose":
        return 0, 0
    shape = data.says.get("kpt_shape")
    if not (isinstance(shape, list) and len(shape) == 2 and all(isinstance(n, int) for n in shape)):
        raise UsageError(f"{data.file} says no kpt_shape", details=["expected: e.g. kpt_shape: [17, 3]"])
    return shape[0], shape[1]


def _of_model(data: Dataset, model: CfgFile) -> Iterator[Problem]:
    if model.nc != len(data.names):
        what = f"says {model.nc} classes, the data {len(data.names)}: upstream builds the model with the data's"
        yield Problem(WARNING, str(model.path), what)


def _part(data: Dataset, name: str, form: LabelFormat, objects: Counter[int]) -> tuple[Part, list[Problem]]:
    problems: list[Problem] = []
    files: list[Path] = []
    for source in data.sources(name):
        found = list(images(source))
        files.extend(found)
        if not found:
            what = "has no images" if source.exists() else "does not exist"
            problems.append(Problem(ERROR, str(source), f"{what} ({name} of {data.file.name})"))
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
        problems.append(
            Problem(ERROR, str(where), f"no image of {name} has an object: upstream looks for labels there")
        )
    return part, problems


def _image(image: Path, form: LabelFormat) -> tuple[tuple[int, ...], list[Problem]]:
    wrong = fault(image) if image.is_file() else "does not exist"
    problems = [Problem(ERROR, str(image), wrong)] if wrong else []
    file = label_file(image)
    if not file.is_file():
        return (), problems
    labels = read_labels(file.read_text(encoding="utf-8", errors="replace"), form)
    problems.extend(Problem(one.severity, f"{file}:{one.line}", one.what) for one in labels.faults)
    return labels.classes, problems


def _of_classes(data: Dataset, objects: Counter[int]) -> Iterator[Problem]:
    absent = [name for number, name in enumerate(data.names) if not objects[number]]
    if absent and objects:
        yield Problem(WARNING, str(data.file), f"no object of {', '.join(absent)}")
