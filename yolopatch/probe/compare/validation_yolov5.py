"""yolov5's own validation of a model that is in memory."""

from __future__ import annotations

import importlib
import inspect
from array import array
from typing import Any

import numpy
import torch

from ...wire.training import BoxesRequest, ClassScore, UpstreamFigures
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .validation import Validation, images_stay, nms_without_limit, object_records, replaced

_MOST = 300  # `max_det` of its non_max_suppression, which its validation leaves as it is
_PAD, _STRIDE = 0.5, 32  # as its validation makes its loader


def validate_yolov5(upstream: Upstream, model: UpstreamModel, request: BoxesRequest) -> Validation:
    """Validate the model as `val.py` does, which can take one in memory as its training does: without fuse().

    Raises:
        Exception: whatever upstream raises.
    """
    val = importlib.import_module(f"{upstream.prefix}val")
    defaults = {name: one.default for name, one in inspect.signature(val.run).parameters.items()}
    batch = request.batch or defaults["batch_size"] or 32
    loader = _loader(upstream, request, batch, val)
    numbers = {str(file): number for number, file in enumerate(loader.dataset.im_files)}
    boxes, kept = array("d"), _Kept(val.ap_per_class)
    data = {"nc": len(request.classes), "val": request.images, "names": list(request.classes)}
    with replaced((val, "ap_per_class", kept), *nms_without_limit(f"{upstream.prefix}utils.general")):
        (precision, recall, map50, map50_95, *_), _, _ = val.run(
            data,
            batch_size=batch,
            imgsz=request.imgsz,
            half=request.half,
            model=model,
            dataloader=loader,
            plots=False,
            callbacks=_callbacks(upstream, numbers, boxes),
        )
    shapes = [(float(width), float(height)) for width, height in loader.dataset.shapes]
    labels = [(one[:, 0], one[:, 1:5], shape) for one, shape in zip(loader.dataset.labels, shapes)]
    return Validation(
        UpstreamFigures(
            precision=float(precision),
            recall=float(recall),
            map50=float(map50),
            map50_95=float(map50_95),
            classes=kept.classes,
            images=len(loader.dataset),
            batch=batch,
            confidence=float(defaults["conf_thres"]),
            overlap=float(defaults["iou_thres"]),
            most=_MOST,
            half=request.half and request.device != "cpu",  # as val.run decides it
        ),
        object_records(labels),
        boxes,
    )


def _loader(upstream: Upstream, request: BoxesRequest, batch: int, val: Any) -> Any:
    """Return upstream's loader of the images as its validation makes it.

    The cache of labels is a pickle that anybody may have put there; upstream would load it, and write one.
    """
    loads = numpy.load

    def no_pickle(*words: Any, **options: Any) -> Any:
        if options.get("allow_pickle"):
            raise OSError("no cache is read")
        return loads(*words, **options)

    with replaced((numpy, "load", no_pickle), (numpy, "save", _refuse), images_stay()):
        return val.create_dataloader(
            request.images, request.imgsz, batch, _STRIDE, False, pad=_PAD, rect=True, workers=0
        )[0]


def _refuse(*_: Any, **__: Any) -> None:
    raise OSError("no cache is written")


def _callbacks(upstream: Upstream, numbers: dict[str, int], boxes: array[float]) -> Any:
    """Return callbacks that keep every box, in pixels of its image."""

    def keep(_: torch.Tensor, predn: torch.Tensor, path: Any, *__: Any) -> None:
        for *corners, score, kind in predn[:, :6].tolist():
            boxes.extend((numbers[str(path)], kind, *corners, score))

    callbacks = importlib.import_module(f"{upstream.prefix}utils.callbacks").Callbacks()
    callbacks.register_action("on_val_image_end", callback=keep)
    return callbacks


class _Kept:
    """Upstream's computation of AP, which also keeps what it says of each class."""

    def __init__(self, computes: Any) -> None:
        self._computes = computes
        self.classes: tuple[ClassScore, ...] = ()

    def __call__(self, *words: Any, **options: Any) -> Any:
        """Return what upstream returns: (tp, fp, precision, recall, f1, ap (classes, thresholds), classes)."""
        found = self._computes(*words, **options)
        _, _, precision, recall, _, ap, classes = found
        self.classes = tuple(
            ClassScore(int(number), float(p), float(r), float(row[0]), float(row.mean()))
            for number, p, r, row in zip(classes, precision, recall, ap)
        )
        return found
