"""COCO's own evaluator (pycocotools), in yolopatch's environment: it is imported when it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any

from yolopatch.core.compare.evaluation import LARGE, MOST_BOXES, SMALL, CocoClass, CocoFigures
from yolopatch.errors import YolopatchError
from yolopatch.wire import shell
from yolopatch.wire.training import FOUND, TRUTH

_LIBRARY = "pycocotools"
_FARTHEST = 1e10  # as the evaluator has it for areas without an upper end
_ALL, _SMALL, _MEDIUM, _LARGE = range(4)
_IOU50 = 0  # the first of its ten thresholds


def require_evaluator(python: str) -> str:
    """Return the evaluator's name and release.

    Args:
        python: the interpreter that runs yolopatch.

    Raises:
        YolopatchError: it is not installed.
    """
    try:
        found = version(_LIBRARY)
    except PackageNotFoundError as error:
        raise YolopatchError(
            "--data needs COCO's evaluator, pycocotools, in yolopatch's own environment; nothing was run",
            details=["yolopatch's extra [paper] has it, and nothing else needs it"],
            hint=shell.join([python, "-m", "pip", "install", _LIBRARY]),
        ) from error
    return f"{_LIBRARY} {found}"


def evaluate_boxes(truth: Path, found: Path, images: int, classes: int, evaluator: str) -> CocoFigures:
    """Return the evaluator's figures.

    Args:
        truth, found: files with records, see `wire/training.py`.
        images, classes: how many there are.
        evaluator: its name and release.
    """
    numpy: Any = importlib.import_module("numpy")
    objects = numpy.fromfile(truth).reshape(-1, TRUTH)
    boxes = numpy.fromfile(found).reshape(-1, FOUND)
    with redirect_stdout(StringIO()):  # the evaluator prints what it does
        precision = _precision(numpy, objects, boxes, images, classes)
    counts = numpy.bincount(objects[:, 1].astype(int), minlength=classes)
    return CocoFigures(
        ap=_mean(precision[:, :, :, _ALL]) or 0.0,
        ap50=_mean(precision[_IOU50, :, :, _ALL]) or 0.0,
        small=_mean(precision[:, :, :, _SMALL]),
        medium=_mean(precision[:, :, :, _MEDIUM]),
        large=_mean(precision[:, :, :, _LARGE]),
        classes=tuple(
            CocoClass(
                number,
                int(counts[number]),
                _mean(precision[:, :, number, _ALL]) or 0.0,
                _mean(precision[_IOU50, :, number, _ALL]) or 0.0,
                precision[_IOU50, :, number, _ALL].tolist(),
            )
            for number in range(classes)
            if counts[number]
        ),
        evaluator=evaluator,
    )


def _precision(numpy: Any, objects: Any, boxes: Any, images: int, classes: int) -> Any:
    """Return precision by IoU (10), recall (101), class and size (all, small, medium, large); -1 without objects."""
    coco = importlib.import_module("pycocotools.coco").COCO()
    coco.dataset = {
        "images": [{"id": number} for number in range(1, images + 1)],
        "categories": [{"id": number} for number in range(1, classes + 1)],
        "annotations": [_annotation(number, one) for number, one in enumerate(objects.tolist(), 1)],
    }
    coco.createIndex()
    if not len(boxes):  # the evaluator cannot take none
        boxes = numpy.array([[0, 0, 0, 0, 0, 0, 0]], dtype=float)
    sides = boxes[:, 4:6] - boxes[:, 2:4]
    results = numpy.column_stack([boxes[:, 0] + 1, boxes[:, 2:4], sides, boxes[:, 6], boxes[:, 1] + 1])
    judged = importlib.import_module("pycocotools.cocoeval").COCOeval(coco, coco.loadRes(results), "bbox")
    judged.params.maxDets = [MOST_BOXES]
    judged.params.areaRng = [[0, _FARTHEST], [0, SMALL**2], [SMALL**2, LARGE**2], [LARGE**2, _FARTHEST]]
    judged.evaluate()
    judged.accumulate()
    return judged.eval["precision"][..., 0]


def _annotation(number: int, one: Sequence[float]) -> dict[str, object]:
    image, kind, left, top, right, bottom = one
    box = [left, top, right - left, bottom - top]
    names = {"id": number, "image_id": int(image) + 1, "category_id": int(kind) + 1, "iscrowd": 0}
    return {**names, "bbox": box, "area": box[2] * box[3]}


def _mean(precision: Any) -> float | None:
    """Return the mean of what the evaluator knows; None where it knows nothing."""
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None
