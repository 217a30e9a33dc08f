"""What YOLOv5's loss reads in a head's maps: the boxes at the cells and anchors that it matches with objects."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .users_code import users_code

_Cells = list[tuple[Tensor, Tensor, Tensor, Tensor]]  # of each map: image, anchor, row and column of each match


def read_matches(
    upstream: Upstream, model: UpstreamModel, outputs: Any, batch: dict[str, Any]
) -> tuple[Tensor, Tensor] | None:
    """Return the boxes of the first image that the loss compares with objects, and their scores.

    Args:
        upstream: yolov5.
        model: a built model whose head has strides.
        outputs: the head's maps while it trains, (images, anchors, rows, columns, values) each.
        batch: see `batches.make_batch`.

    Returns:
        Centre and size in pixels, shape (matches, 4), and objectness and classes from 0 to 1, (matches, 1 + classes);
        None where the loss is another one than upstream's, or the maps have another form.

    Raises:
        CodeFailed: the loss raised.
    """
    if not all(isinstance(found, Tensor) and found.dim() == 5 for found in outputs):
        return None
    cells: _Cells = []
    boxes: list[Tensor] = []
    with _listening(importlib.import_module(f"{upstream.prefix}utils.loss"), cells, boxes), users_code():
        upstream.loss_of(model, outputs, batch)
    matched = [number for number, (images, *_) in enumerate(cells) if len(images)]
    if not cells or [len(cells[number][0]) for number in matched] != [len(found) for found in boxes]:
        return None
    found = [(outputs[0].new_zeros(0, 4), outputs[0].new_zeros(0, outputs[0].shape[-1] - 4))]
    for number, box in zip(matched, boxes):
        images, anchors, rows, columns = cells[number]
        first, stride = images == 0, model.model[-1].stride[number]
        corner = torch.stack((columns, rows), 1)
        pixels = torch.cat((box[:, :2] + corner, box[:, 2:]), 1) * stride
        values = outputs[number][images, anchors, rows, columns]
        found.append((pixels[first], values[first, 4:].sigmoid()))
    return torch.cat([pixels for pixels, _ in found]), torch.cat([scores for _, scores in found])


@contextmanager
def _listening(losses: ModuleType, cells: _Cells, boxes: list[Tensor]) -> Iterator[None]:
    """Keep what upstream's loss matches, and the boxes [matches, 4] that it compares, in units of a cell."""
    match, overlap = losses.ComputeLoss.build_targets, losses.bbox_iou

    def build_targets(loss: Any, *args: Any) -> Any:
        found = match(loss, *args)
        cells.extend(found[2])
        return found

    def bbox_iou(box: Tensor, *args: Any, **options: Any) -> Any:
        boxes.append(box.detach().T)
        return overlap(box, *args, **options)

    vars(losses)["bbox_iou"], losses.ComputeLoss.build_targets = bbox_iou, build_targets
    try:
        yield
    finally:
        vars(losses)["bbox_iou"], losses.ComputeLoss.build_targets = overlap, match
