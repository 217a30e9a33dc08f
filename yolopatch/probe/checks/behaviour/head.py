"""Did upstream set the head up: its strides and its biases, and do its boxes cover the image?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from ....wire.statuses import FAIL
from ...build.subject import Subject
from ...losses.loss_reading import Reading, read_boxes
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed, warned
from ...tensors.tensors import layer_name, layer_outputs, tensors
from ...thresholds import BOXES_COVER, SAME_BOXES, SAME_SCORES, UNTRAINED_SCORE
from ..given_to_loss import other_form
from ..rules import Rules

_LARGER = 1.5  # the second image's side, which tells the axis of the positions from that of the values
_HALF = 0.5  # the sigmoid of zero
_NORMALISED = 2.0  # pixels: boxes that lie within so much are given as parts of the image

RULES = Rules()


_STRANGER_HINT = (
    "upstream sets the strides and biases of a head only if its class inherits from upstream's own (Detect): inherit "
    "from it, or set self.stride and the biases in the constructor"
)
_INHERITED_HINT = (
    "upstream measures the strides for this class, which inherits from its Detect: look for what sets self.stride, or "
    "changes the boxes, in the class itself"
)
_CHANGED_HINT = (
    "the head is upstream's own: a layer before it gives maps of another size than while the model was built, when "
    "upstream measured the strides: let it take its sizes from its input, at every forward"
)
_DECODING = {
    "positions": "decode in eval as upstream's loss does: in each map the values of the box come first, then those "
    "of the classes; the distances are from the middle of a cell, times the map's stride; the result has centres and "
    "sizes",
    "anchors": "decode in eval as upstream's loss does: the centre is 2 * sigmoid - 0.5 from the cell's corner, times "
    "the map's stride; the size is (2 * sigmoid) ** 2 times the anchor in pixels, which self.anchors has in cells: "
    "divided by the stride",
    "queries": "give in eval the boxes of a layer of the decoder as they are in training: centre and size, as parts of "
    "the image from 0 to 1, shape (images, queries, 4)",
}


@dataclass(frozen=True)
class _Boxes:
    """What an untrained head gives for one image.

    Attributes:
        extent: how far the boxes' first two values reach over the image, from 0 to 1, the smaller of the two.
        equal: whether all boxes are the same.
        score: the mean of the value after the box: a class's score or the objectness; None where it is no score.
    """

    extent: float
    equal: bool
    score: float | None


def check(subject: Subject) -> Finding:
    """Fail where the head's strides are not its maps', or its boxes do not cover the image.

    Upstream sets strides and biases only for classes that inherit from its own head. What counts here is what
    happened. Fail, too, where it gives other boxes in eval than upstream's loss reads in its maps. Warn where an
    untrained head gives every class a high score: its biases were not initialised; where its scores in eval are not
    those of the loss; and where upstream takes the head, whose name it does not know, for one of another task, or for
    one of none.
    """
    found = _set_up(subject)
    task, guessed = subject.upstream.task(subject.data), subject.upstream.guessed_task(subject.data)
    # to detect is what upstream does where a user asks for nothing else
    known = guessed == task or (guessed is None and task == "detect")
    return found if known or found.status == FAIL else _finding_of_task(subject, found, task, guessed)


def _finding_of_task(subject: Subject, found: Finding, task: str, guessed: str | None) -> Finding:
    """Return that upstream takes the head for another task's; nothing else is as wrong with it."""
    head = subject.rows[-1].module
    name = layer_name(subject.model, len(subject.rows) - 1)
    return warned(
        f"{name} is a head of the task {task}, and upstream, which takes the task from the head's name, takes it for "
        f"{guessed}: it would train with another loss"
        if guessed
        else f"{name} is a head of the task {task}, and upstream, which takes the task from the head's name, can tell "
        "none from this one, and stops where you name no task",
        f'name the task wherever you use the file: yolo {task} train model=..., or YOLO(..., task="{task}"); or let '
        f"upstream's guess_model_task know the name {head.lower()}",
        **found.evidence,
    )


def _set_up(subject: Subject) -> Finding:
    if subject.upstream.task(subject.data) == "classify":
        return passed("a classifier's head has no strides and gives no boxes")
    index = len(subject.rows) - 1
    name = layer_name(subject.model, index)
    with torch.no_grad():
        # not calibrated: the scores of deep untrained layers would hide the biases
        _, maps, result = layer_outputs(subject.model, subject.images(), wanted=())
        expected = [round(subject.side / m.shape[-1]) for m in maps if m.dim() == 4]
        boxes = _boxes(subject, _values(result))
    found = _strides(subject.model.model[index])
    evidence: dict[str, Any] = {"maps": expected, "strides": found, "boxes": boxes and asdict(boxes)}
    loud = boxes is not None and boxes.score is not None and boxes.score > UNTRAINED_SCORE
    problems = [*_stride_problems(expected, found), *_box_problems(boxes)]
    if problems:
        biases = "; its biases were not initialised either" if loud else ""
        return failed(
            f"{name}: {'; '.join(problems)}{biases}",
            _setting_hint(subject, expected, found),
            **evidence,
        )
    twice = _read_twice(subject)
    if twice is not None:
        return warned(
            f"{name} reads layer {twice} ({subject.rows[twice].module}) twice: it finds each object on both maps",
            f"let one of the two entries of its row {list(subject.rows[index].written)} name another layer",
            **evidence,
        )
    if subject.upstream.style == "yolov5" and expected != sorted(expected):
        return warned(
            f"{name} reads its maps in the order of their strides {', '.join(map(str, expected))}: upstream's loss "
            "weighs the objectness of the first map most, which is the finest in its own models",
            f"name the finest map first in its row {list(subject.rows[index].written)}",
            **evidence,
        )
    against = _against_the_loss(subject, name, evidence)
    if against is not None:
        return against
    if loud and boxes is not None:
        return warned(
            f"{name}: untrained, it gives a mean score of {boxes.score:.2g}: its biases were not initialised, and the "
            "first steps of training have only false positives to unlearn",
            "inherit from upstream's Detect and keep its bias_init, or set the biases of the last convolutions to the "
            "log-odds of a rare class",
            **evidence,
        )
    return passed(_summary(expected, found, boxes), **evidence)


def _setting_hint(subject: Subject, expected: Sequence[int], found: Sequence[float] | None) -> str:
    """Return what to do about strides or boxes that are not those of the maps."""
    if subject.found_base is not None and len(subject.rows) - 1 not in subject.replaced:
        return _CHANGED_HINT
    if not _inherits(subject):
        return _STRANGER_HINT
    if found is not None and found != expected and sorted(found) == sorted(expected):
        return (
            "upstream measures the strides in the order in which the head returns its maps in training: return them in "
            "the order of its row, in training and in eval"
        )
    other = other_form(subject)
    if other and found != expected:
        return (
            f"upstream measures the strides from what the head returns in training, which is {other[0]}: return what "
            f"upstream's own head returns, {other[1]}"
        )
    return _INHERITED_HINT


def _read_twice(subject: Subject) -> int | None:
    """Return a layer whose map the head reads twice, None where there is none."""
    sources = subject.rows[-1].sources
    return next((source for source in sources if sources.count(source) > 1), None)


def _against_the_loss(subject: Subject, name: str, evidence: Mapping[str, Any]) -> Finding | None:
    """Return that the head predicts other boxes or scores than upstream's loss trains; None where it does not.

    Training then lowers the loss, and what it learns is not what a validation counts.
    """
    batch = make_batch(subject)
    reading = read_boxes(subject.upstream, subject.fresh(), batch) if batch is not None else None
    if batch is None or reading is None:
        return None
    if not len(reading.read):
        return failed(
            f"{name}: upstream's loss matches none of the {len(batch['cls'])} objects of a batch with its anchors: it "
            "is trained to find nothing",
            "keep self.anchors in cells, as upstream's Detect does: pixels divided by the stride of the map",
            **evidence,
        )
    if _is_never_low(reading) and _is_never_low(read_boxes(subject.upstream, subject.fresh(), batch, is_negated=True)):
        return failed(
            f"{name}: upstream's loss takes what the head gives in training for values before a sigmoid, and none of "
            "them is below zero: no class can get a score below 0.5",
            "give the loss what the last convolutions make, and apply the sigmoid in eval only",
            **evidence,
        )
    wrong = int((reading.far > SAME_BOXES * subject.side).sum())
    if wrong:
        return failed(
            f"{name}: {wrong} of the {len(reading.given)} boxes that it gives in eval are not those that upstream's "
            f"loss reads in its maps, such as {_example(reading)} (centre and size in pixels): what is trained is not "
            "what is predicted",
            _DECODING[reading.form],
            **evidence,
        )
    if _other_scores(reading):
        return warned(
            f"{name}: its scores in eval are not those that upstream's loss trains: on average "
            f"{_mean(reading.given_scores):.2g}, and the loss reads {_mean(reading.scores):.2g}",
            "apply one sigmoid to the values of the classes, in eval only; if the head means to change its scores in "
            "eval, say so in your text",
            **evidence,
        )
    return None


def _is_never_low(reading: Reading | None) -> bool:
    """Return whether no score is below that of zero; of values before a sigmoid, half are."""
    return reading is not None and float(reading.scores.min()) >= _HALF


def _example(reading: Reading) -> str:
    """Return the box that lies furthest from all that the loss reads, and the nearest of those."""
    worst = int(reading.far.argmax())
    given, read = reading.given[worst], reading.read[reading.nearest[worst]]
    return " where the loss has ".join(" ".join(f"{value:.1f}" for value in box.tolist()) for box in (given, read))


def _other_scores(reading: Reading) -> bool:
    if reading.given_scores is None:
        return False
    return bool((reading.given_scores - reading.scores[reading.nearest]).abs().max() > SAME_SCORES)


def _mean(scores: Tensor | None) -> float:
    return float("nan") if scores is None else float(scores.mean())


def _inherits(subject: Subject) -> bool:
    """Return whether the head's class is upstream's Detect, or inherits from it."""
    of_upstream = subject.upstream.find_class("Detect")
    return isinstance(of_upstream, type) and isinstance(subject.model.model[-1], of_upstream)


def _strides(head: object) -> list[float] | None:
    """Return the head's own strides, None where it has none."""
    stride = getattr(head, "stride", None)
    return [round(float(s), 3) for s in stride.flatten()] if isinstance(stride, Tensor) else None


def _stride_problems(expected: Sequence[int], found: Sequence[float] | None) -> list[str]:
    if found is None or list(found) == list(expected):
        return []
    given, wanted = (", ".join(f"{s:g}" for s in strides) for strides in (found, expected))
    return [f"its strides are {given}, but its maps are reduced by {wanted}"]


def _box_problems(boxes: _Boxes | None) -> list[str]:
    if boxes is None or boxes.extent >= BOXES_COVER:
        return []
    if boxes.equal:
        return ["all of its boxes are the same"]
    return [f"its boxes reach over {boxes.extent:.0%} of the image only"]


# What the head gives


def _boxes(subject: Subject, result: Tensor | None) -> _Boxes | None:
    """Return what the head gives, None where it cannot be told which values are boxes; see `_values`."""
    if result is None:
        return None
    axis = _value_axis(tuple(result.shape), _other_size(subject), subject.classes)
    if axis is None:
        return None
    values = result.transpose(1, 2) if axis == 1 else result
    first = values[0, :, :2]
    reach = first.amax(0) - first.amin(0)
    side = 1.0 if float(values[0, :, :4].abs().max()) <= _NORMALISED and float(reach.max()) > 0 else subject.side
    score = values[..., 4]
    is_score = bool((score >= 0).all() and (score <= 1).all())
    extent = min(1.0, float((reach / side).min()))  # untrained boxes may reach over the edge
    return _Boxes(round(extent, 4), bool((reach == 0).all()), float(score.mean()) if is_score else None)


def _values(returned: object) -> Tensor | None:
    """Return a model's first result where it has three axes: image, and in any order position and value."""
    result = next(tensors(returned), None)
    return result if result is not None and result.dim() == 3 else None


def _other_size(subject: Subject) -> tuple[int, ...] | None:
    """Return the shape of the first result for a larger image, None where the model does not run on one."""
    try:
        result = _values(subject.model(subject.images(int(subject.side * _LARGER))))
    except Exception:  # any exception of the model's code; the check `forward` reports it
        return None
    return None if result is None else tuple(result.shape)


def _value_axis(shape: tuple[int, ...], other: tuple[int, ...] | None, classes: int) -> int | None:
    """Return the axis of the values of a box, of at least four and a score; the other is that of the positions.

    The number of positions grows with the image. A head that gives a fixed number of boxes has as many values as there
    are classes and four, or six: box, score and class.
    """
    grown = [axis for axis in (1, 2) if other is not None and shape[axis] != other[axis]]
    if len(grown) == 1:
        axis = 3 - grown[0]
    else:
        known = [axis for axis in (2, 1) if shape[axis] in (classes + 4, classes + 5, 6)]
        if not known:
            return None
        axis = known[0]
    return axis if shape[axis] >= 5 else None


def _summary(expected: Sequence[int], found: Sequence[float] | None, boxes: _Boxes | None) -> str:
    strides = f"the head's strides {', '.join(map(str, expected))} are those of its maps" if found else "no strides"
    if boxes is None:
        return f"{strides}; which of its values are boxes cannot be told"
    score = "" if boxes.score is None else f", and the mean score is {boxes.score:.2g} before training"
    return f"{strides}; its boxes reach over {boxes.extent:.0%} of the image{score}"
