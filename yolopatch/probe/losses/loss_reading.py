"""What upstream's loss reads in a head's maps, beside what the head itself makes of them in a prediction."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..tensors.models import UpstreamModel
from ..tensors.perturb import perturb_
from ..tensors.tensors import needs_more_than_maps, tensors
from ..upstreams.upstream import Upstream
from .anchor_reading import read_matches
from .query_reading import read_queries
from .users_code import CodeFailed, users_code

_READ = ("pd_scores", "pd_bboxes")  # the first two inputs of what assigns objects to boxes, in every release
_SORTED = {4: 6, 5: 7}  # values of a box that needs no suppression, by those of a box: box, score, class, angle


@dataclass(frozen=True)
class Reading:
    """The boxes of one image as the loss takes them, and as the head gives them in eval.

    Attributes:
        read: boxes of the loss as centre and size in pixels, shape (positions, 4).
        given: those of the head, (boxes, 4).
        nearest: for each of `given` the number of the box of `read` that is most like it, shape (boxes,).
        scores: the scores in `read` of every class, shape (positions, classes), 0 to 1; YOLOv5's objectness is one.
        given_scores: those of the head, shape (boxes, classes); None where it gives only the best of them.
        form: what the loss takes boxes from: positions, anchors or queries.
    """

    read: Tensor
    given: Tensor
    nearest: Tensor
    scores: Tensor
    given_scores: Tensor | None
    form: Literal["positions", "anchors", "queries"]

    @property
    def far(self) -> Tensor:
        """How many pixels each of `given` lies from the nearest box of `read`: the largest of four, (boxes,)."""
        return (self.given - self.read[self.nearest]).abs().amax(1)


@torch.no_grad()
def read_boxes(
    upstream: Upstream, model: UpstreamModel, batch: dict[str, Any], is_negated: bool = False
) -> Reading | None:
    """Return what the loss and the head make of the same maps of the first image.

    Args:
        upstream: where the loss comes from.
        model: a built model that may be changed.
        batch: see `batches.make_batch`.
        is_negated: whether the parameters of the head's convolutions get the other sign first, and so what they give.

    Returns:
        None where it cannot be told: a loss that has no boxes of its own, a head that takes text beside its maps, or
        one that gives other maps each time while it trains.
    """
    head = model.eval().model[-1]
    _vary(head, -1 if is_negated else 1)
    result = next(tensors(model(batch["img"])), None)
    if result is None or result.dim() != 3:
        return None
    read = _by_queries if needs_more_than_maps(model) else _by_maps
    try:
        return read(upstream, model, batch, result[0])
    except CodeFailed:
        return None
    finally:
        model.eval()


def _vary(head: nn.Module, sign: int) -> None:
    """Change what the convolutions and linear layers of a head give: the boxes of an untrained one are all alike.

    One with one output may hold fixed numbers, such as the values that a box's distribution is over.
    """
    generator = torch.Generator().manual_seed(6)
    for part in head.modules():
        if (isinstance(part, nn.Conv2d) and part.out_channels > 1) or isinstance(part, nn.Linear):
            for parameter in part.parameters(recurse=False):
                perturb_(parameter, generator).mul_(sign)


def _by_maps(upstream: Upstream, model: UpstreamModel, batch: dict[str, Any], result: Tensor) -> Reading | None:
    """Return what the loss reads in the maps of a head that takes nothing else; see `_by_assigner`."""
    model.model[-1].training = True  # its parts stay in eval, so that its maps are those of the prediction
    with users_code():
        first, second = (upstream.outputs(model, batch) for _ in range(2))
    return _READERS[upstream.style](upstream, model, second, batch, result) if _same(first, second) else None


def _same(first: Any, second: Any) -> bool:
    pairs = list(zip(tensors(first), tensors(second)))
    return bool(pairs) and all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)


def _by_assigner(
    upstream: Upstream, model: UpstreamModel, outputs: Any, batch: dict[str, Any], result: Tensor
) -> Reading | None:
    """Return what ultralytics' loss reads: scores and boxes of every position, which it assigns to objects.

    Args:
        upstream, model, batch: see `read_boxes`.
        outputs: of the head while it trains.
        result: of one image: (4 + classes + others, positions), or the best boxes (boxes, 6 or 7).
    """
    found: list[tuple[Tensor, Tensor]] = []

    def keep(module: nn.Module, args: tuple[Any, ...]) -> None:
        names = tuple(inspect.signature(module.forward).parameters)[:2] if len(args) > 2 else ()
        if names == _READ and args[1].shape[-1] in _SORTED:
            found.append((args[0].detach().clone(), args[1].detach().clone()))

    hook = nn.modules.module.register_module_forward_pre_hook(keep)
    try:
        with users_code():
            upstream.loss_of(model, outputs, batch)
    finally:
        hook.remove()
    if not found:
        return None
    return _compared(result, torch.cat([boxes[0] for _, boxes in found]), torch.cat([s[0] for s, _ in found]))


def _compared(result: Tensor, boxes: Tensor, scores: Tensor) -> Reading | None:
    """Put the boxes of a prediction beside those of the loss; None where the prediction has another form.

    Args:
        result: see `_by_assigner`.
        boxes: of the loss, corners (positions, 4), or centre, size and angle (positions, 5).
        scores: of the loss, shape (positions, classes).
    """
    turned, classes = boxes.shape[1] == 5, scores.shape[1]
    read = boxes[:, :4] if turned else _centred(boxes)
    if result.shape[1] == _SORTED[boxes.shape[1]] and result.shape[0] != 4 + classes:
        given = result[:, :4] if turned else _centred(result[:, :4])
        given_scores = None
    elif result.shape[1] == len(read) and result.shape[0] >= 4 + classes:
        given, given_scores = result[:4].T, result[4 : 4 + classes].T
    else:
        return None
    if not (torch.isfinite(given).all() and torch.isfinite(read).all()):
        return None
    return Reading(read, given, _nearest(given, read), scores, given_scores, "positions")


def _by_anchors(
    upstream: Upstream, model: UpstreamModel, outputs: Any, batch: dict[str, Any], result: Tensor
) -> Reading | None:
    """Return what YOLOv5's loss reads: the boxes that it matches with objects; see `_by_assigner`.

    Args:
        upstream, model, outputs, batch: see `_by_assigner`.
        result: of one image, (positions, 5 + classes).
    """
    found = read_matches(upstream, model, outputs, batch)
    if found is None or result.shape[1] != 4 + found[1].shape[1] or not torch.isfinite(result).all():
        return None
    read, scores = found
    given = result[_nearest(read, result[:, :4])]
    return Reading(read, given[:, :4], torch.arange(len(read)), scores, given[:, 4:], "anchors")


def _by_queries(upstream: Upstream, model: UpstreamModel, batch: dict[str, Any], result: Tensor) -> Reading | None:
    """Return what RT-DETR's loss reads: the queries of the layer that the prediction is nearest to.

    Args:
        upstream, model, batch: see `read_boxes`.
        result: of one image, (queries, 4 + classes): parts of the image, and scores.
    """
    found = read_queries(upstream, model, batch)
    if found is None or result.shape[1] != 4 + found[1].shape[2]:
        return None
    if not all(torch.isfinite(values).all() for values in (result, *found)):
        return None
    given = result[:, :4] * batch["img"].shape[-1]
    layers = (
        Reading(read, given, _nearest(given, read), scores, result[:, 4:], "queries") for read, scores in zip(*found)
    )
    return min(layers, key=lambda layer: float(layer.far.sum()))


_READERS = {"ultralytics": _by_assigner, "yolov5": _by_anchors}


def _centred(corners: Tensor) -> Tensor:
    """Return boxes [N, 4] as centre and size."""
    return torch.cat(((corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]), 1)


def _nearest(boxes: Tensor, others: Tensor) -> Tensor:
    """Return for each of the boxes [N, 4] the number of that of the others [M, 4] which is most like it, shape (N,)."""
    # the exact way: the fast one is off by more than boxes of neighbouring cells may differ
    return torch.cdist(boxes, others, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)
