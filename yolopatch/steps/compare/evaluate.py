"""Evaluate checkpoints on a data set: by upstream's own validation, and by COCO's evaluator on what that finds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.base_model import DETECT
from yolopatch.catalog.pins import style_of
from yolopatch.core.compare.evaluation import Evaluation
from yolopatch.core.data.labels import ERROR
from yolopatch.errors import UsageError
from yolopatch.outside.compare.coco import evaluate_boxes, require_evaluator
from yolopatch.outside.data.dataset import images, read_dataset
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.facts import ask_boxes
from yolopatch.outside.watch import Watch
from yolopatch.steps.compare.items import Item
from yolopatch.steps.data.check import check_dataset
from yolopatch.wire import shell
from yolopatch.wire.facts import ModelSource
from yolopatch.wire.training import BoxesRequest, ValidatedModel

_PART = "val"
_SHOWN = 5  # problems of the data in a message


@dataclass(frozen=True)
class Data:
    """A data set to evaluate on.

    Attributes:
        file: its YAML.
        names: of the classes.
        images: to evaluate on, absolute.
        evaluator: the name and release of COCO's evaluator.
    """

    file: Path
    names: tuple[str, ...]
    images: tuple[Path, ...]
    evaluator: str


@dataclass(frozen=True)
class Conditions:
    """How forwards run: side of the images, images in a forward (None for upstream's default), type and device."""

    imgsz: int
    batch: int | None
    half: bool
    device: str


@dataclass(frozen=True)
class Group:
    """The items of one workspace, and the interpreter that runs them."""

    items: Sequence[Item]
    python: str

    @property
    def trained(self) -> list[Item]:
        """Those that have weights."""
        return [item for item in self.items if item.checkpoint]


def read_data(file: Path, items: Sequence[Item]) -> Data:
    """Read the data that models are to be evaluated on, before anything runs.

    Raises:
        UsageError: the YAML, an image or a label is not as upstream needs it, or no item has weights.
        YolopatchError: COCO's evaluator is missing.
    """
    evaluator = require_evaluator(sys.executable)
    if not any(item.checkpoint for item in items):
        raise UsageError(
            "no item has weights that could be evaluated: all are model YAMLs",
            hint="name checkpoints or the folders of runs, or leave out --data",
        )
    report = check_dataset(file, DETECT, None, (_PART,))
    errors = [problem for problem in report.problems if problem.severity == ERROR]
    if errors:
        more = [f"and {len(errors) - _SHOWN} more"] if len(errors) > _SHOWN else []
        raise UsageError(
            f"{file} cannot be evaluated on: {len(errors)} problem{'s' * (len(errors) != 1)} in its part {_PART}; "
            "nothing was run",
            details=[*(f"{one.where} {one.what}" for one in errors[:_SHOWN]), *more],
            hint=shell.join(["yolopatch", "data", "check", file]),
        )
    data = read_dataset(file)
    found = dict.fromkeys(image.absolute() for source in data.sources(_PART) for image in images(source))
    return Data(file, data.names, tuple(found), evaluator)


def evaluate(groups: Sequence[Group], data: Data, how: Conditions, watch: Watch) -> dict[str, Evaluation]:
    """Return the evaluation of each item with weights, by its name.

    Args:
        groups: the items.
        data: read by `read_data`.
        how: the conditions.
        watch: called when the models of a workspace are evaluated.

    Raises:
        YolopatchError: a checkpoint is of another task or has other classes than the data, or upstream's validation
            fails. What can be known before a validation is known before the first.
    """
    groups = [group for group in groups if group.trained]
    found: dict[str, Evaluation] = {}
    with temporary_folder() as folder:
        listed = folder / "images.txt"
        listed.write_text("".join(f"{image}\n" for image in data.images), encoding="utf-8")
        for group in groups if len(groups) > 1 else ():  # one alone looks before it begins
            _ask(group, data, how, listed, folder / "look", look_only=True)
        for number, group in enumerate(groups, 1):
            watch(f"evaluating {', '.join(item.name for item in group.trained)}", number, len(groups))
            answer = _ask(group, data, how, listed, folder / str(number), look_only=False)
            found |= {item.name: _evaluation(one, data) for item, one in zip(group.trained, answer)}
    return found


def _ask(
    group: Group, data: Data, how: Conditions, listed: Path, folder: Path, *, look_only: bool
) -> tuple[ValidatedModel, ...]:
    folder.mkdir(exist_ok=True)
    workspace = group.items[0].workspace
    request = BoxesRequest(
        workspace=str(workspace.path),
        style=style_of(workspace.pin),
        models=tuple(ModelSource(str(item.file), item.scale, item.checkpoint) for item in group.trained),
        images=str(listed),
        classes=data.names,
        imgsz=how.imgsz,
        batch=how.batch,
        half=how.half,
        device=how.device,
        folder=str(folder),
        look_only=look_only,
    )
    return ask_boxes(request, len(data.images), python=group.python).models


def _evaluation(one: ValidatedModel, data: Data) -> Evaluation:
    images, classes = one.figures.images, len(data.names)
    coco = evaluate_boxes(Path(one.truth), Path(one.found), images, classes, data.evaluator)
    return Evaluation(one.figures, coco, str(data.file), data.names)
