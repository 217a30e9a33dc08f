"""Run each layer again on the same input that it had in the model.

A deep network with random weights makes rounding errors a thousand times larger from its first layer to its last. A
layer that gets the same input again shows only its own error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from .calls import Call, copied, mapped
from .models import UpstreamModel
from .tensors import tensors


@dataclass(frozen=True)
class Step:
    """One layer's call while the model ran: its index, its arguments, and copies of its outputs."""

    index: int
    call: Call
    output: object


@torch.no_grad()
def recorded(model: UpstreamModel, x: Tensor) -> list[Step]:
    """Run the model on images and return the step of every layer but the head, in order."""
    calls: dict[int, Call] = {}
    steps: list[Step] = []
    hooks = []

    def before(index: int) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], None]:
        return lambda layer, args, kwargs: calls.update({index: Call(args, kwargs)})

    def after(index: int) -> Callable[[nn.Module, object, object], None]:
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
def first_image_steps(model: UpstreamModel, steps: Sequence[Step]) -> list[Step]:
    """Return the steps for the first image of the batch alone, with the outputs of this model's layers for it."""
    calls = [Call(*mapped(first_image, step.call.arguments())) for step in steps]
    alone = [Step(step.index, call, None) for step, call in zip(steps, calls)]
    return [Step(step.index, step.call, copied(_run(model, step))) for step in alone]


def first_image(tensor: Tensor) -> Tensor:
    """Return the first image of a batch, as a batch of one."""
    return tensor[:1]


@torch.no_grad()
def errors(
    model: UpstreamModel,
    steps: Sequence[Step],
    measure: Callable[[object, object], float],
    change: Callable[[Tensor], Tensor] | None = None,
) -> dict[int, float]:
    """Run each layer of a model on a recorded input and return how far its output is from the recorded one.

    Args:
        model: the model that was recorded, or another one with the same layers.
        steps: see `recorded`.
        measure: takes (found, expected) and returns a number.
        change: takes a tensor of the input and returns the tensor to use instead.

    Returns:
        {layer index: measure}.
    """
    return {step.index: measure(_run(model, step, change), step.output) for step in steps}


def _run(model: UpstreamModel, step: Step, change: Callable[[Tensor], Tensor] | None = None) -> object:
    args, kwargs = step.call.arguments()
    if change:
        args, kwargs = mapped(change, args), mapped(change, kwargs)
    return model.model[step.index](*args, **kwargs)


def relative_error(found: object, expected: object) -> float:
    """Return the norm of the difference, relative to the norm of the expected values, of the worst tensor.

    Infinite where shapes differ or a found value is not finite.
    """
    return max((_error(a, b) for a, b in zip(tensors(found), tensors(expected))), default=0.0)


def _error(found: Tensor, expected: Tensor) -> float:
    found, expected = found.detach().double(), expected.detach().double()
    if found.shape != expected.shape or not torch.isfinite(found).all():
        return float("inf")
    return float((found - expected).norm() / expected.norm().clamp_min(1e-12))


def worst(found: Mapping[int, float], count: int = 5) -> dict[str, float | str]:
    """Return the largest errors as {"layer": error}, largest first."""
    order = sorted(found, key=lambda index: found[index], reverse=True)[:count]
    return {str(index): as_json(found[index]) for index in order}


def as_json(number: float) -> float | str:
    """Return a number with three digits; as text where it is not finite, because JSON has no such number."""
    return float(f"{number:.3g}") if math.isfinite(number) else str(number)
