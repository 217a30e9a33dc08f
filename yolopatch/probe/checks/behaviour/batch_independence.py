"""Is an image's output independent of the other images in its batch? Does the model train on batches of any size?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...build.subject import Subject, shapes
from ...explain.cause import Cause
from ...explain.causes import cause_of
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed
from ...tensors.models import UpstreamModel
from ...tensors.replay import Step, errors, first_image, recorded, worst
from ...tensors.tensors import distance, is_finite, layer_name, tensors
from ...thresholds import SAME_FUNCTION
from ..rules import Rules
from ..wording import NOT_FINITE_HINT, off_by

# what is run in train mode, and the numbers of images; the last batch of an epoch is smaller than the others
_IN_TRAIN = {"a batch of one": (1,), "a smaller batch after a larger one": (3, 2)}

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where, in eval, a layer's output for an image depends on the batch, or a batch fails in train.

    First the same image is run with two different other images: the algorithms are the same, so the output must be.
    Then each layer gets its input for the image alone: another batch size may sum in another order, and no more.
    In train mode it runs a batch of one, and a smaller batch after a larger one.
    """
    model = subject.calibrated
    steps = recorded(model, _pair(subject, 5))
    with_another = _compared(steps, recorded(model, _pair(subject, 6)))
    alone: Mapping[int, float] = {}
    raised: Cause | None = None
    try:
        alone = errors(model, steps, _first_images, first_image)
    except Exception as error:  # any exception of the model's code for one image
        raised = cause_of(model, error)
    evidence = {"beside_another_image": worst(with_another), "alone": worst(alone)}
    problem = _dependent(model, with_another, alone)
    if raised and not problem:
        return failed(f"in eval, for one image alone, {raised.what}", raised.remedy, **evidence)
    if problem:
        return failed(
            problem,
            "in eval, use stored statistics only; take no softmax, mean, norm or sort over the first dimension, and "
            "after a reshape keep the batch in the first dimension",
            **evidence,
        )
    for name, counts in _IN_TRAIN.items():
        raised = _in_train(subject, counts)
        if raised:
            said = f"{name} fails in train: {raised.what}"
            return failed(said, raised.remedy, train_batch_1=raised.what, **evidence)
    largest = max(max(with_another.values()), max(alone.values()))
    return passed(
        f"an image's output is the same in any batch (within {largest:.1g} in every layer), and a batch of one trains",
        train_batch_1="ok",
        **evidence,
    )


def _pair(subject: Subject, seed: int) -> Tensor:
    """Return a batch of two: always the same first image, and one that depends on the seed."""
    return torch.cat((subject.images(), subject.images(seed=seed)))


def _compared(steps: Sequence[Step], others: Sequence[Step]) -> dict[int, float]:
    """Return by layer how far the outputs of two runs for the first image lie apart."""
    return {a.index: _first_images(b.output, a.output) for a, b in zip(steps, others)}


def _first_images(found: object, expected: object) -> float:
    return distance(_first_of_each(found), _first_of_each(expected))


def _first_of_each(output: object) -> list[Tensor]:
    return [first_image(tensor) for tensor in tensors(output)]


def _dependent(model: UpstreamModel, with_another: Mapping[int, float], alone: Mapping[int, float]) -> str:
    """Return in one sentence the first layer that mixes images; empty where none does."""
    conditions = ((with_another, "the other image of the batch changes"), (alone, "it is alone in the batch"))
    for errors_by_layer, condition in conditions:
        index = next((i for i, error in errors_by_layer.items() if error > SAME_FUNCTION), None)
        if index is not None:
            return (
                f"in eval, the output of {layer_name(model, index)} for an image changes when {condition}: "
                f"{off_by(errors_by_layer[index], SAME_FUNCTION, 'largest value')}"
            )
    return ""


@torch.no_grad()
def _in_train(subject: Subject, counts: Sequence[int]) -> Cause | None:
    """Run batches of so many images in train mode, one after the other, and return the problem, None for none."""
    model = subject.fresh().train()
    for count in counts:
        batch = make_batch(subject, count=count) or {"img": subject.images(batch=count)}
        try:
            result = subject.upstream.outputs(model, batch)
        except Exception as error:  # any exception of the model's code for this number of images
            return cause_of(model, error)
        if not is_finite(result):
            return Cause(f"the outputs, {shapes(result)[:3]}, are not finite", NOT_FINITE_HINT)
    return None
