"""Does an image's output depend on the images beside it? Does the model train on a batch of one?"""

import torch

from ...build.subject import shapes
from ...protocol.findings import failed, passed
from ...protocol.raising import told
from ...tensors.replay import errors, first_image, recorded, worst
from ...tensors.tensors import distance, is_finite, layer_name, tensors
from ...thresholds import SAME_FUNCTION
from ..rules import Rules

RULES = Rules()


def check(subject):
    """Fail where, in eval, a layer's output for an image depends on the batch, or a batch of one fails in train.

    First an image beside one and beside another: the algorithms are the same, so is the output. Then each layer on
    its input for the image alone: another batch size may take another order of sums, and no more.
    """
    model = subject.calibrated
    steps = recorded(model, _pair(subject, 5))
    beside = _compared(steps, recorded(model, _pair(subject, 6)))
    try:
        alone = errors(model, steps, _first_images, first_image)
        wrong = ""
    except Exception as error:  # whatever the model's code raises for one image
        alone, wrong = {}, f"in eval, for one image alone, {told(model, error)}"
    evidence = {"beside_another_image": worst(beside), "alone": worst(alone)}
    wrong = _dependent(model, beside, alone) or wrong
    if wrong:
        return failed(
            wrong,
            "in eval, use stored statistics only; take no softmax, mean, norm or sort over the first dimension, and "
            "put it first again after a reshape",
            **evidence,
        )
    wrong = _batch_of_one(subject)
    if wrong:
        return failed(
            f"a batch of one fails in train: {wrong}",
            "BatchNorm cannot norm one value per channel: leave it out behind a global pooling, or use LayerNorm",
            train_batch_1=wrong,
            **evidence,
        )
    largest = max(max(beside.values()), max(alone.values()))
    return passed(
        f"an image's output is the same in any batch (within {largest:.1g} in every layer), and a batch of one trains",
        train_batch_1="ok",
        **evidence,
    )


def _pair(subject, seed):
    """Return the same first image beside another second one."""
    return torch.cat((subject.images(), subject.images(seed=seed)))


def _compared(steps, others):
    return {a.index: distance(_firsts(b.output), _firsts(a.output)) for a, b in zip(steps, others)}


def _first_images(found, expected):
    return distance(_firsts(found), _firsts(expected))


def _firsts(output):
    return [first_image(tensor) for tensor in tensors(output)]


def _dependent(model, beside, alone):
    """Return in one sentence the first layer that mixes images; empty where none does."""
    for errors_by_layer, against in ((beside, "the image beside it is another"), (alone, "it is alone")):
        index = next((i for i, error in errors_by_layer.items() if error > SAME_FUNCTION), None)
        if index is not None:
            return (
                f"in eval, {layer_name(model, index)} gives an image another output when {against}: off by "
                f"{errors_by_layer[index]:.2g} of its largest value (limit {SAME_FUNCTION:.0e})"
            )
    return ""


@torch.no_grad()
def _batch_of_one(subject):
    """Run one image in train mode and return what goes wrong; empty where nothing does."""
    model = subject.fresh().train()
    try:
        result = model(subject.images())
    except Exception as error:  # whatever the model's code raises for one image
        return told(model, error)
    return "" if is_finite(result) else f"the outputs, {shapes(result)[:3]}, are not finite"
