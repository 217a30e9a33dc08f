"""Run each layer again on the very input that it had.

A deep network with random weights blows rounding errors up a thousandfold from its first layer to its last. A layer
that is given the same input again shows its own error alone, and is the one to blame for it.
"""

import math
from dataclasses import dataclass

import torch

from .calls import Call, copied, mapped
from .tensors import tensors


@dataclass(frozen=True)
class Step:
    """One layer's call while the model ran: its index, what it was given, and copies of what it gave."""

    index: int
    call: Call
    output: object


@torch.no_grad()
def recorded(model, x):
    """Run the model on images and return the step of every layer but the head, in order."""
    calls, steps, hooks = {}, [], []

    def before(index):
        return lambda layer, args, kwargs: calls.update({index: Call(args, kwargs)})

    def after(index):
        return lambda layer, args, output: steps.append(Step(index, calls[index], copied(output)))

    for index, layer in enumerate(model.model[:-1]):
        hooks.append(layer.register_forward_pre_hook(before(index), with_kwargs=True))
        hooks.append(layer.register_forward_hook(after(index)))
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return steps


@torch.no_grad()
def answered(model, steps):
    """Return the steps for the first image of the batch alone, with what each layer of this model gives for it."""
    calls = [Call(*(mapped(first_image, given) for given in step.call.arguments())) for step in steps]
    alone = [Step(step.index, call, None) for step, call in zip(steps, calls)]
    return [Step(step.index, step.call, copied(_run(model, step))) for step in alone]


def first_image(tensor):
    """Return the first image of a batch, as a batch of one."""
    return tensor[:1]


@torch.no_grad()
def errors(model, steps, measure, change=None):
    """Run each layer of a model on a recorded input and return how far its output lies from the recorded one.

    Args:
        model: the model that was recorded, or another of the same layers.
        steps: see `recorded`.
        measure: takes (found, expected) and returns a number.
        change: takes a tensor of the input and returns the one to give instead.

    Returns:
        {layer index: measure}.
    """
    return {step.index: measure(_run(model, step, change), step.output) for step in steps}


def _run(model, step, change=None):
    args, kwargs = step.call.arguments()
    if change:
        args, kwargs = mapped(change, args), mapped(change, kwargs)
    return model.model[step.index](*args, **kwargs)


def relative_error(found, expected):
    """Return the root of the mean squared difference, relative to the expected values', of the worst tensor.

    Infinite where shapes differ or anything found is not finite.
    """
    return max((_error(a, b) for a, b in zip(tensors(found), tensors(expected))), default=0.0)


def _error(found, expected):
    found, expected = found.detach().double(), expected.detach().double()
    if found.shape != expected.shape or not torch.isfinite(found).all():
        return float("inf")
    return float((found - expected).norm() / expected.norm().clamp_min(1e-12))


def worst(found, count=5):
    """Return the largest errors as {"layer": error}, largest first."""
    order = sorted(found, key=found.get, reverse=True)[:count]
    return {str(index): as_json(found[index]) for index in order}


def as_json(number):
    """Return a number with three digits; as text where it is not finite, for JSON has no such number."""
    return float(f"{number:.3g}") if math.isfinite(number) else str(number)
