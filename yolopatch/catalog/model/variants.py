"""The models of other tasks: a detection model with another head; for classification, only its backbone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer, Scale


@dataclass(frozen=True)
class _Family:
    """How the task files of a family differ from the detection file.

    Attributes:
        heads: the suffix of the family's head classes (`Segment26`).
        pose_nc, classify_nc: the number of classes that upstream's file has.
        classify_cap: the channel cap of every scale; None for that of the detection model.
    """

    heads: str = ""
    pose_nc: int = 80
    classify_nc: int = 1000
    classify_cap: int | None = None


# yolov5 6.1 has no model for other tasks
_FAMILIES = {
    "yolov8": _Family(pose_nc=1, classify_cap=1024),
    "yolo11": _Family(classify_nc=80),
    "yolo26": _Family(heads="26"),
}


def variants(model: BaseModel) -> Iterator[BaseModel]:
    """Yield the models of the other tasks that this detection model's upstream ships."""
    family = _FAMILIES.get(model.name)
    if family is None:
        return
    yield _with_head(model, "segment", f"Segment{family.heads}", "nc", 32, 256)
    yield replace(_with_head(model, "pose", f"Pose{family.heads}", "nc", "kpt_shape"), nc=family.pose_nc)
    yield _with_head(model, "obb", f"OBB{family.heads}", "nc", 1)
    yield _classifier(model, family)


def _with_head(model: BaseModel, task: str, module: str, *args: int | str) -> BaseModel:
    output = replace(model.head[-1], module=module, args=args)
    return replace(model, task=task, head=(*model.head[:-1], output))


def _classifier(model: BaseModel, family: _Family) -> BaseModel:
    return replace(
        model,
        task="classify",
        nc=family.classify_nc,
        scales={letter: _capped(scale, family.classify_cap) for letter, scale in model.scales.items()},
        backbone=tuple(layer for layer in model.backbone if layer.module != "SPPF"),
        head=(Layer(model.head[-1].name, "Classify", ("nc",)),),
    )


def _capped(scale: Scale, cap: int | None) -> Scale:
    return replace(scale, max_channels=cap) if cap else scale
