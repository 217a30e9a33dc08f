"""The base models by name and task, and the scales that a request means."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.catalog.model.base_model import DETECT, TASKS, BaseModel
from yolopatch.catalog.model.graphs import YOLO11, YOLO12, YOLO26, YOLOV5, YOLOV8
from yolopatch.catalog.model.layers import Scale
from yolopatch.catalog.model.rtdetr import RTDETR
from yolopatch.catalog.model.variants import variants
from yolopatch.catalog.model.yolov9 import YOLOV9
from yolopatch.catalog.model.yolov10 import YOLOV10
from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError

ALL_SCALES = "all"

MODELS: dict[str, BaseModel] = {
    model.name: model for model in (YOLOV5, YOLOV8, YOLO11, YOLO26, YOLOV9, YOLOV10, YOLO12, RTDETR)
}
# Depth and width multiples of a file without a `scales` table, by letter: every upstream writes these numbers.
MULTIPLES: Mapping[str, Scale] = YOLOV5.scales
# (family, task) of every model that has a pin
VARIANTS: dict[tuple[str, str], BaseModel] = {
    (model.name, model.task): model for detection in MODELS.values() for model in (detection, *variants(detection))
}


def find_model(name: str, task: str = DETECT) -> BaseModel:
    """Return the base model of this family and task.

    Args:
        name: `yolo11`.
        task: one of `TASKS`, or what upstream writes for it in a file's name (`seg`).

    Raises:
        UsageError: the family is unknown, or has no model for the task; the known names are in the details.
    """
    family = next((known for known in MODELS if fold(known) == fold(name)), None)
    if family is None:
        raise _unknown_family(name)
    for model in VARIANTS.values():
        if model.name == family and fold(task) in (model.task, TASKS[model.task].removeprefix("-")):
            return model
    tasks = [model.task for model in VARIANTS.values() if model.name == family]
    raise unknown(f"task of {family}", task, tasks, f"--task {DETECT}")


def _unknown_family(name: str) -> UsageError:
    for model in VARIANTS.values():
        if fold(model.stem()) == fold(name):
            return UsageError(f"--model {name} includes a task", hint=f"--model {model.name} --task {model.task}")
        scale = next((scale for scale in model.scales if fold(model.stem(scale)) == fold(name)), None)
        if scale:
            task = f" --task {model.task}" if model.task != DETECT else ""
            return UsageError(f"--model {name} includes a scale", hint=f"--model {model.name}{task} --scale {scale}")
    return unknown("model", name, MODELS, "yolopatch list pins")


def find_scales(model: BaseModel, text: str) -> tuple[str, ...]:
    """Return the scales that `--scale` means, one for each file to write.

    Args:
        model: the base model.
        text: `all`, or scales separated by commas (`n,s`). For a model without a scales table, `all` means
            every scale.

    Raises:
        UsageError: a letter is not a scale of the model, or the text is empty.
    """
    asked = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    if asked == (ALL_SCALES,):
        return asked if model.has_scales_table else tuple(model.scales)
    if not model.scales:
        raise UsageError(f"{model.stem()} has no scales", hint="leave out --scale")
    for letter in asked:
        if letter not in model.scales:
            hint = f"give one of these, several separated by commas, or {ALL_SCALES}"
            raise unknown(f"scale of {model.stem()}", letter, model.scales, hint)
    return asked
