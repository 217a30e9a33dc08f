"""Run upstream's own validation, and hand out its figures, the boxes that it found and the objects that it read."""

from __future__ import annotations

from pathlib import Path

import torch

from ...wire.facts import ModelSource
from ...wire.messages import Step
from ...wire.training import BoxesAnswer, BoxesRequest, ValidatedModel
from ..explain.raising import first_line
from ..protocol.emit import Emit
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..tensors.tensors import seed_all
from ..upstreams.upstream import Upstream
from .checkpoints import load_checkpoint
from .validation import Validation
from .validation_ultralytics import validate_ultralytics
from .validation_yolov5 import validate_yolov5

_SHOWN = 8  # names of classes in a message
_DETECT = "detect"


def evaluate(upstream: Upstream, request: BoxesRequest, emit: Emit) -> None:
    """Answer with what upstream's validation finds with each model.

    Raises:
        Refusal: a checkpoint holds no model of this workspace, or one of another task or with other classes than the
            data; or upstream's validation fails.
    """
    models = [_open(upstream, request, source) for source in request.models]
    if request.look_only:
        return emit(BoxesAnswer(()))
    found = []
    for number, (source, model) in enumerate(zip(request.models, models)):
        emit(Step(source.file))
        found.append(_write(_validate(upstream, request, source, model), Path(request.folder), number))
    return emit(BoxesAnswer(tuple(found)))


def _open(upstream: Upstream, request: BoxesRequest, source: ModelSource) -> UpstreamModel:
    model, names = load_checkpoint(upstream, source.file)
    task, count = upstream.task(model.yaml), int(model.yaml["nc"])
    if task != _DETECT:
        raise Refusal(
            f"{source.file} is a model of another task, whose boxes cannot be validated: {task}",
            hint="leave out --data, or compare models of detection",
        )
    _require_classes(source, request.classes, [names[number] for number in sorted(names)] if names else [], count)
    model.names = dict(enumerate(request.classes))
    return model


def _require_classes(source: ModelSource, wanted: tuple[str, ...], names: list[str], count: int) -> None:
    """Refuse a model of other classes than the data's; names that only number them say nothing."""
    numbered = all(name in (str(number), f"class{number}", f"class {number}") for number, name in enumerate(names))
    if count == len(wanted) and (numbered or len(names) != count or names == list(wanted)):
        return
    raise Refusal(
        f"{source.file} was trained on other classes than the data's",
        f"its classes: {count}{_listed(names)}",
        f"the data's: {len(wanted)}{_listed(list(wanted))}",
        hint="name the data that it was trained on, or its names in the same order",
    )


def _listed(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return f" ({', '.join(names[:_SHOWN])}{more})" if names else ""


def _validate(upstream: Upstream, request: BoxesRequest, source: ModelSource, model: UpstreamModel) -> Validation:
    seed_all(0)
    validate = validate_ultralytics if upstream.style == "ultralytics" else validate_yolov5
    try:
        return validate(upstream, model.to(torch.device(request.device)), request)
    except Exception as error:  # upstream's loader, torch or the model's code may raise anything
        precision = "float16" if request.half else "float32"
        raise Refusal(
            f"upstream's validation of {source.file} failed, in {precision} on {request.device}",
            f"found: {type(error).__name__}: {first_line(error)[:300]}",
            hint="leave out --half" if request.half else "try a smaller --batch or --imgsz",
        ) from error


def _write(found: Validation, folder: Path, number: int) -> ValidatedModel:
    truth, boxes = folder / f"{number}.truth", folder / f"{number}.found"
    for file, numbers in ((truth, found.truth), (boxes, found.boxes)):
        with file.open("wb") as stream:
            numbers.tofile(stream)
    return ValidatedModel(found.figures, str(truth), str(boxes))
