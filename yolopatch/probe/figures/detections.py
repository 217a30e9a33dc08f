"""The objects that a model finds, as upstream's prediction decides it, with scores that have a gradient."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream

_OVERLAP = {"ultralytics": 0.7, "yolov5": 0.45}  # upstream's own defaults of `predict` and `detect`
_FAR = 1e4  # a score that differs weighs more than any box: it identifies the candidate


def queries(model: UpstreamModel) -> bool:
    """Return whether the head is RT-DETR's: a fixed number of queries, on a stretched image."""
    return hasattr(model.model[-1], "num_queries")


def find_objects(
    upstream: Upstream, model: UpstreamModel, x: Tensor, confidence: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the model on one image; return the scores, shape (objects,), the boxes and the numbers of the classes.

    The scores have a gradient. A box is x, y, x, y in pixels of the image.
    """
    head = model.model[-1]
    if getattr(head, "inplace", False):
        head.inplace = False  # v6.1's head writes into what the gradient needs
    ends = bool(getattr(head, "end2end", False))
    with _attached(ends):
        output = model(x)
    while isinstance(output, (tuple, list)):
        output = output[0]
    found = output[0] if output.ndim == 3 else output
    if ends:
        kept = found[found[:, 4] > confidence]
        return kept[:, 4], kept[:, :4].detach(), kept[:, 5].long()
    classes = len(model.names)
    if queries(model):
        scores, numbers = found[:, 4 : 4 + classes].max(1)
        kept = scores > confidence
        size = torch.tensor([x.shape[3], x.shape[2]] * 2)
        return scores[kept], _corners(found[kept, :4].detach()) * size, numbers[kept]
    rows = found.T if upstream.style == "ultralytics" else found
    scores = rows[:, 4 : 4 + classes] if upstream.style == "ultralytics" else rows[:, 5:] * rows[:, 4:5]
    kept = _suppressed(upstream, output.detach().clone(), confidence, classes)
    boxes = _corners(rows[:, :4].detach())
    numbers = kept[:, 5].long()
    which = [
        int(((boxes - one[:4]).abs().sum(1) + _FAR * (scores[:, number].detach() - one[4]).abs()).argmin())
        for one, number in zip(kept, numbers.tolist())
    ]
    return scores[which, numbers], kept[:, :4], numbers


def _suppressed(upstream: Upstream, output: Tensor, confidence: float, classes: int) -> Tensor:
    """Return what upstream's own non-maximum suppression leaves, shape (objects, at least 6)."""
    options: dict[str, Any] = {"nc": classes}
    if upstream.style == "yolov5":
        module, options = f"{upstream.prefix}utils.general", {}
    else:  # it moved in 8.3
        module = "ultralytics.utils.nms" if find_spec("ultralytics.utils.nms") else "ultralytics.utils.ops"
    suppress = importlib.import_module(module).non_max_suppression
    with torch.no_grad():
        kept: Tensor = suppress(output, confidence, _OVERLAP[upstream.style], **options)[0]
    return kept


def _corners(boxes: Tensor) -> Tensor:
    centre, size = boxes[:, :2], boxes[:, 2:]
    return torch.cat((centre - size / 2, centre + size / 2), 1)


@contextmanager
def _attached(wanted: bool) -> Iterator[None]:
    """Let a head without suppression pass its gradient on: it detaches its inputs, so that training ignores them."""
    original = torch.Tensor.detach
    if wanted:
        setattr(torch.Tensor, "detach", lambda tensor: tensor)  # noqa: B010  mypy lets no method be assigned
    try:
        yield
    finally:
        setattr(torch.Tensor, "detach", original)  # noqa: B010
