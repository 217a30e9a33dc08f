"""Synthetic batches for upstream's own losses: seeded noise with objects of every size, in its loaders' layout."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn as nn
from torch import Tensor

from ..build.subject import Subject
from ..tensors.models import UpstreamModel
from ..tensors.tensors import image

if TYPE_CHECKING:
    Batch = dict[str, Any]  # tensors by name, and `resized_shape`

_SIZES = (0.12, 0.25, 0.5, 0.85)  # of the image: small ones for the fine map, large ones for the coarse
_MASK_STRIDE = 4  # upstream's default `mask_ratio`


def make_batch(subject: Subject, count: int = 2, seed: int = 3, side: int | None = None) -> Batch | None:
    """Return a batch for the loss of the subject's task, see `task_batch`; the side is the subject's without one."""
    task = subject.upstream.task(subject.data)
    return task_batch(task, subject.model, subject.classes, side or subject.side, count, seed)


def task_batch(task: str, model: UpstreamModel, classes: int, side: int, count: int = 2, seed: int = 3) -> Batch | None:
    """Return a batch for the loss of a task, on the model's device, in the layout of upstream's own loaders.

    Args:
        task: detect, segment, pose, obb or classify.
        model: a built model.
        classes: the number of its classes.
        side: of the square images in pixels.
        count: the number of images.
        seed: other seeds give other images with other objects.

    Returns:
        classify: `img` (count, 3, side, side), `cls` (count,).
        detect: see `detection_batch`. The other tasks add to it:
        segment: `masks` (count, side/4, side/4), where a pixel is 1 + the index of its object in the image, or 0;
        `sem_masks`, of the same shape, with classes instead.
        pose: `keypoints` (N, K, 2 or 3), from 0 to 1, and 2 for visible.
        obb: `bboxes` (N, 5), with an angle in radians from -pi/4 to 3pi/4.
        None for any other task.
    """
    add = _TASKS.get(task)
    if add is None:
        return None
    batch = detection_batch(model, classes, side, count, seed=seed)
    batch["resized_shape"] = [tuple(batch["img"].shape[-2:])] * count
    if hasattr(model, "txt_feats"):  # what YOLO-World compares its maps with: the text of each class
        batch["txt_feats"] = model.txt_feats.detach().expand(count, -1, -1)
    return add(batch, model, torch.Generator().manual_seed(seed))


def detection_batch(model: nn.Module, classes: int, side: int, count: int = 4, boxes: int = 8, seed: int = 3) -> Batch:
    """Return a batch for a detection loss: noise images with boxes for every map of the head.

    Returns:
        `img` (count, 3, side, side), `batch_idx` (N,), `cls` (N, 1), `bboxes` (N, 4): centre and size from 0 to 1,
        N = count * boxes, on the model's device.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    total = count * boxes
    sizes = torch.tensor(_SIZES).repeat(total // len(_SIZES) + 1)[:total, None]
    sizes = (sizes * (0.8 + 0.4 * torch.rand(total, 2, generator=generator))).clamp(max=0.95)
    centres = sizes / 2 + (1 - sizes) * torch.rand(total, 2, generator=generator)
    return {
        "img": image(model, side, count, seed),
        "batch_idx": torch.arange(count).repeat_interleave(boxes).float().to(device),
        "cls": torch.randint(0, classes, (total, 1), generator=generator).float().to(device),
        "bboxes": torch.cat((centres, sizes), 1).to(device),
    }


def _unchanged(batch: Batch, model: UpstreamModel, generator: torch.Generator) -> Batch:
    return batch


def _with_masks(batch: Batch, model: UpstreamModel, generator: torch.Generator) -> Batch:
    """Fill each object's box; smaller objects cover larger ones, as upstream draws them."""
    count, _, height, width = batch["img"].shape
    shape = (count, height // _MASK_STRIDE, width // _MASK_STRIDE)
    masks, classes = torch.zeros(shape), torch.zeros(shape)
    for number in range(count):
        of_image = batch["batch_idx"] == number
        boxes = batch["bboxes"][of_image].cpu()
        for index in boxes[:, 2:].prod(1).argsort(descending=True).tolist():
            inside = _inside(boxes[index], shape[1], shape[2])
            masks[number][inside] = index + 1
            classes[number][inside] = batch["cls"][of_image][index].item()
    device = batch["img"].device
    return {**batch, "masks": masks.to(device), "sem_masks": classes.to(device)}


def _inside(box: Tensor, height: int, width: int) -> Tensor:
    """Return which pixels of a map of this size are in a box (centre and size from 0 to 1), shape (height, width)."""
    x, y, w, h = box.tolist()
    rows, columns = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    inside: Tensor = ((rows - y).abs() <= h / 2)[:, None] & ((columns - x).abs() <= w / 2)
    return inside


def _with_keypoints(batch: Batch, model: UpstreamModel, generator: torch.Generator) -> Batch:
    """Put the number of keypoints that the head expects into each box."""
    number, dimensions = model.model[-1].kpt_shape
    centres, sizes = batch["bboxes"][:, None, :2], batch["bboxes"][:, None, 2:]
    offsets = torch.rand(len(centres), number, 2, generator=generator).to(sizes.device) - 0.5
    keypoints = [centres + sizes * offsets]
    if dimensions == 3:
        keypoints.append(torch.full_like(keypoints[0][..., :1], 2.0))
    return {**batch, "keypoints": torch.cat(keypoints, 2)}


def _with_angles(batch: Batch, model: UpstreamModel, generator: torch.Generator) -> Batch:
    boxes = batch["bboxes"]
    angles = torch.rand(len(boxes), 1, generator=generator).to(boxes.device) * math.pi - math.pi / 4
    return {**batch, "bboxes": torch.cat((boxes, angles), 1)}


def _classes_alone(batch: Batch, model: UpstreamModel, generator: torch.Generator) -> Batch:
    """Give each image the class of its first object."""
    first = torch.searchsorted(batch["batch_idx"], torch.arange(len(batch["img"])).to(batch["batch_idx"]))
    return {"img": batch["img"], "cls": batch["cls"][first, 0].long()}


_TASKS: dict[str, Callable[[Batch, UpstreamModel, torch.Generator], Batch]] = {
    "detect": _unchanged,
    "segment": _with_masks,
    "pose": _with_keypoints,
    "obb": _with_angles,
    "classify": _classes_alone,
}
