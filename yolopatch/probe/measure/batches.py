"""Synthetic batches that upstream's own losses take: seeded noise with objects of every size, as its loaders give."""

import math

import torch

from ..tensors.tensors import image

_SIZES = (0.12, 0.25, 0.5, 0.85)  # of the image: small ones for the fine map, large ones for the coarse
_MASK_STRIDE = 4  # upstream's default `mask_ratio`


def make_batch(subject, count=2, seed=3):
    """Return a batch for the loss of the subject's task, on its device, in the layout of upstream's own loaders.

    Args:
        subject: see Subject; its task, classes and side decide.
        count: images.
        seed: other seeds give other images, and other objects on them.

    Returns:
        classify: `img` (count, 3, side, side), `cls` (count,).
        detect: what `detection_batch` gives. The others add to it:
        segment: `masks` (count, side/4, side/4), a pixel is 1 + the number of its object in the image, 0 of none;
        `sem_masks`, of the same shape, with classes instead.
        pose: `keypoints` (N, K, 2 or 3), from 0 to 1, and 2 for visible.
        obb: `bboxes` (N, 5), with an angle in radians from -pi/4 to 3pi/4.
        None for a task that is none of these.
    """
    add = _TASKS.get(subject.upstream.task(subject.data))
    if add is None:
        return None
    batch = detection_batch(subject.model, subject.classes, subject.side, count, seed=seed)
    batch["resized_shape"] = [tuple(batch["img"].shape[-2:])] * count
    return add(batch, subject, torch.Generator().manual_seed(seed))


def detection_batch(model, classes, side, count=4, boxes=8, seed=3):
    """Return a batch for a detection loss: noise images in which every map of the head has boxes to find.

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


def _as_it_is(batch, subject, generator):
    return batch


def _with_masks(batch, subject, generator):
    """Fill each object's box; smaller objects lie on larger ones, as upstream draws them."""
    count, _, height, width = batch["img"].shape
    shape = (count, height // _MASK_STRIDE, width // _MASK_STRIDE)
    masks, classes = torch.zeros(shape), torch.zeros(shape)
    for number in range(count):
        of_image = batch["batch_idx"] == number
        boxes = batch["bboxes"][of_image].cpu()
        for index in boxes[:, 2:].prod(1).argsort(descending=True).tolist():
            inside = _inside(boxes[index], shape[1:])
            masks[number][inside] = index + 1
            classes[number][inside] = batch["cls"][of_image][index].item()
    device = batch["img"].device
    return {**batch, "masks": masks.to(device), "sem_masks": classes.to(device)}


def _inside(box, shape):
    """Return which pixels of a map of this shape lie in a box (centre and size from 0 to 1)."""
    (x, y, w, h), (height, width) = box.tolist(), shape
    rows, columns = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    return ((rows - y).abs() <= h / 2)[:, None] & ((columns - x).abs() <= w / 2)


def _with_keypoints(batch, subject, generator):
    """Put the keypoints that the head asks for inside each box."""
    number, dimensions = subject.model.model[-1].kpt_shape
    centres, sizes = batch["bboxes"][:, None, :2], batch["bboxes"][:, None, 2:]
    places = torch.rand(len(centres), number, 2, generator=generator).to(sizes.device) - 0.5
    keypoints = [centres + sizes * places]
    if dimensions == 3:
        keypoints.append(torch.full_like(keypoints[0][..., :1], 2.0))
    return {**batch, "keypoints": torch.cat(keypoints, 2)}


def _with_angles(batch, subject, generator):
    boxes = batch["bboxes"]
    angles = torch.rand(len(boxes), 1, generator=generator).to(boxes.device) * math.pi - math.pi / 4
    return {**batch, "bboxes": torch.cat((boxes, angles), 1)}


def _classes_alone(batch, subject, generator):
    """Give each image the class of its first object."""
    first = torch.searchsorted(batch["batch_idx"], torch.arange(len(batch["img"])).to(batch["batch_idx"]))
    return {"img": batch["img"], "cls": batch["cls"][first, 0].long()}


_TASKS = {
    "detect": _as_it_is,
    "segment": _with_masks,
    "pose": _with_keypoints,
    "obb": _with_angles,
    "classify": _classes_alone,
}
