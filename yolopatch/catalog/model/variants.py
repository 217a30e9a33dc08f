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


_MASKS = ("nc", 32, 256)  # the arguments of a segmentation head: classes, masks, channels of the masks' prototypes

# yolov5 6.1 has no model for other tasks
_FAMILIES = {
    "yolov8": _Family(pose_nc=1, classify_cap=1024),
    "yolo11": _Family(classify_nc=80),
    "yolo26": _Family(heads="26"),
    "yolo12": _Family(classify_nc=80),
}
# For families with a file for each scale: the scales of which upstream has one for segmentation.
_SEGMENTED = {"yolov9": ("c", "e")}


def variants(model: BaseModel) -> Iterator[BaseModel]:
    """Yield the models of the other tasks that this detection model's upstream ships."""
    if model.name in _SEGMENTED:
        yield _with_head(_only(model, _SEGMENTED[model.name]), "segment", "Segment", *_MASKS)
    family = _FAMILIES.get(model.name)
    if family is None:
        return
    yield _with_head(model, "segment", f"Segment{family.heads}", *_MASKS)
    yield replace(_with_head(model, "pose", f"Pose{family.heads}", "nc", "kpt_shape"), nc=family.pose_nc)
    yield _with_head(model, "obb", f"OBB{family.heads}", "nc", 1)
    yield _classifier(model, family)


def _only(model: BaseModel, scales: tuple[str, ...]) -> BaseModel:
    """Return a model of which upstream has only these scales."""
    graphs = {scale: model.graphs[scale] for scale in scales}
    return replace(model.at(scales[0]), scales={scale: model.scales[scale] for scale in scales}, graphs=graphs)


def _with_head(model: BaseModel, task: str, module: str, *args: int | str) -> BaseModel:
    def other(head: tuple[Layer, ...]) -> tuple[Layer, ...]:
        return (*head[:-1], replace(head[-1], module=module, args=args))

    graphs = {scale: replace(graph, head=other(graph.head)) for scale, graph in model.graphs.items()}
    return replace(model, task=task, head=other(model.head), graphs=graphs)


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
