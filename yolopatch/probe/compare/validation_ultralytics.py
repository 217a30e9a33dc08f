"""ultralytics' own validation of a model that is in memory."""

from __future__ import annotations

import importlib
import json
from array import array
from functools import cached_property
from pathlib import Path
from typing import Any

from ...wire.training import BoxesRequest, ClassScore, UpstreamFigures
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .validation import Validation, images_stay, nms_without_limit, object_records, replaced

_RTDETR = "RTDETRDetectionModel"
_NMS = ("ultralytics.utils.ops", "ultralytics.utils.nms")  # in older and in newer releases


def validate_ultralytics(upstream: Upstream, model: UpstreamModel, request: BoxesRequest) -> Validation:
    """Validate the model as `yolo val` does; the model is changed (upstream fuses it).

    Raises:
        Exception: whatever upstream raises.
    """
    dataset = importlib.import_module("ultralytics.data.dataset")
    boxes: array[float] = array("d")
    sizes: dict[str, tuple[int, int]] = {}
    validator = _validator_class(model, boxes, sizes)(args=_arguments(request))
    # The cache of labels is a pickle that anybody may have put there; upstream would load it, and write one.
    no_cache = ((dataset, "load_dataset_cache_file", _no_cache), (dataset, "save_dataset_cache_file", _keep_none))
    with replaced(*no_cache, *nms_without_limit(*_NMS), images_stay()):
        validator(model=model)
    labels = validator.dataloader.dataset.labels
    truth = object_records([(one["cls"][:, 0], one["bboxes"], sizes[one["im_file"]]) for one in labels])
    return Validation(_figures(validator, len(labels), model), truth, boxes)


def _arguments(request: BoxesRequest) -> dict[str, Any]:
    """Return what `yolo val` would take, without pictures and with upstream's defaults."""
    batch = {} if request.batch is None else {"batch": request.batch}
    data = Path(request.folder) / "data.yaml"
    # numbers as names: for others than Latin letters upstream downloads a font
    names = "".join(f"  {number}: class{number}\n" for number in range(len(request.classes)))
    listed = json.dumps(request.images)  # which YAML reads, too
    data.write_text(f"train: {listed}\nval: {listed}\nnames:\n{names}", encoding="utf-8")
    return {
        "task": "detect",
        "mode": "val",
        "data": str(data),
        "imgsz": request.imgsz,
        "device": request.device.removeprefix("cuda:"),
        "half": request.half,
        "rect": True,
        "workers": 0,
        "plots": False,
        "verbose": False,
        "save_json": True,
        "project": request.folder,
        "name": "val",
        "exist_ok": True,
        **batch,
    }


def _validator_class(model: UpstreamModel, boxes: array[float], sizes: dict[str, tuple[int, int]]) -> Any:
    """Return upstream's validator for the model, which also keeps every box, in pixels of its image.

    It keeps each image's width and height, too: upstream forgets them where it sorts the images by their forms.
    """
    family = "rtdetr" if type(model).__name__ == _RTDETR else "yolo.detect"
    name = "RTDETRValidator" if type(model).__name__ == _RTDETR else "DetectionValidator"
    base: Any = getattr(importlib.import_module(f"ultralytics.models.{family}.val"), name)

    class Keeping(base):  # type: ignore[misc]
        @cached_property
        def numbers(self) -> dict[str, int]:
            """The number of each image."""
            return {str(file): number for number, file in enumerate(self.dataloader.dataset.im_files)}

        def update_metrics(self, preds: Any, batch: dict[str, Any]) -> None:
            """Compute upstream's figures of a batch."""
            for file, (height, width) in zip(batch["im_file"], batch["ori_shape"]):
                sizes[file] = int(width), int(height)
            super().update_metrics(preds, batch)

        def pred_to_json(self, predn: Any, where: Any) -> None:
            """Take what upstream would write for COCO's evaluator: the place of a box in its own image.

            Newer releases call it with dicts, older ones with a tensor and the file.
            """
            super().pred_to_json(predn, where)
            written = list(self.jdict)
            self.jdict.clear()
            newer = isinstance(predn, dict)
            scores, classes = (predn["conf"], predn["cls"]) if newer else (predn[:, 4], predn[:, 5])
            image = self.numbers[str(where["im_file"] if newer else where)]
            for one, kind, score in zip(written, classes.tolist(), scores.tolist()):
                left, top, width, height = one["bbox"]
                boxes.extend((image, kind, left, top, left + width, top + height, score))

    return Keeping


def _figures(validator: Any, images: int, model: UpstreamModel) -> UpstreamFigures:
    box, arguments = validator.metrics.box, validator.args
    classes = tuple(
        ClassScore(int(number), *(float(value) for value in box.class_result(place)))
        for place, number in enumerate(box.ap_class_index)
    )
    ends = bool(getattr(model.model[-1], "end2end", False)) or type(model).__name__ == _RTDETR
    return UpstreamFigures(
        precision=float(box.mp),
        recall=float(box.mr),
        map50=float(box.map50),
        map50_95=float(box.map),
        classes=classes,
        images=images,
        batch=int(arguments.batch),
        confidence=float(arguments.conf),
        overlap=None if ends else float(arguments.iou),
        most=int(arguments.max_det),
        half=bool(arguments.half),
    )


def _no_cache(*_: Any) -> Any:
    raise FileNotFoundError


def _keep_none(_: str, __: Path, cache: dict[str, Any], version: str) -> None:
    cache["version"] = version  # as upstream does before it writes
