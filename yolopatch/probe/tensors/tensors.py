"""Find the tensors in a model's result, make images for it, and measure how far two results differ."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Callable, Container, Iterator
from typing import TypeVar

import torch
import torch.nn as nn
from torch import Tensor

from .models import UpstreamModel

M = TypeVar("M", bound=nn.Module)
CHANNEL_KEYS = ("ch", "channels")  # of the images' channels in a model's YAML; which one, depends on the release
_IN_LAYER = re.compile(r"model\.(\d+)(?:\.|$)")


def seed_all(seed: int = 0) -> None:
    """Seed what upstream's own `init_seeds` seeds: Python, numpy and torch."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def unshared(tensor: Tensor) -> Tensor:
    """Return a view of a tensor with each of its numbers once: torch writes to no tensor whose elements share memory.

    The grids of yolov5's head are such tensors.
    """
    for dimension, (size, stride) in enumerate(zip(tensor.shape, tensor.stride())):
        if size > 1 and not stride:
            tensor = tensor.narrow(dimension, 0, 1)
    return tensor


def tensors(value: object, around: tuple[int, ...] = ()) -> Iterator[Tensor]:
    """Yield every tensor in nested dicts, lists and tuples, in order.

    Args:
        value: what to look through; a container in it may hold itself.
        around: the ids of the containers that it is in.
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (dict, list, tuple)) and id(value) not in around:
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors(item, (*around, id(value)))


def image(
    model: nn.Module, side: int | tuple[int, int], batch: int = 1, seed: int = 1, device: torch.device | None = None
) -> Tensor:
    """Return images in [0, 1], shape (batch, channels, height, width); `side` is one number or (height, width)."""
    height, width = (side, side) if isinstance(side, int) else side
    parameter = next(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    made = torch.rand(batch, image_channels(model), height, width, generator=generator)
    return made.to(device or parameter.device, parameter.dtype)


def image_channels(model: nn.Module) -> int:
    """Return how many channels the images of a model have: what its YAML says, 3 where it says nothing."""
    data = getattr(model, "yaml", None) or {}
    return int(next((data[key] for key in CHANNEL_KEYS if data.get(key)), 3))


def is_finite(value: object) -> bool:
    """Return whether every floating-point tensor in the value is finite."""
    return all(bool(torch.isfinite(t).all()) for t in tensors(value) if t.is_floating_point())


def distance(found: object, expected: object) -> float:
    """Return the largest difference between two results, relative to the largest expected value of each tensor.

    Infinite where shapes, the number of tensors, or the positions of non-finite values differ.
    """
    pairs = list(zip(tensors(found), tensors(expected)))
    if len(pairs) != sum(1 for _ in tensors(expected)) or len(pairs) != sum(1 for _ in tensors(found)):
        return float("inf")
    return max((_distance(a, b) for a, b in pairs), default=0.0)


def _distance(found: Tensor, expected: Tensor) -> float:
    if found.shape != expected.shape:
        return float("inf")
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    if not found.numel() or torch.equal(found, expected):
        return 0.0
    if not (torch.isfinite(found).all() and torch.isfinite(expected).all()):
        return 0.0 if torch.equal(torch.nan_to_num(found), torch.nan_to_num(expected)) else float("inf")
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-12))


def head_inputs(model: UpstreamModel, x: Tensor) -> list[Tensor]:
    """Run the model and return the feature maps that its head gets.

    The head's own outputs may be sorted, cut to the best detections, or lose a branch when fused.
    """
    return layer_outputs(model, x, wanted=())[1]


def layer_outputs(
    model: UpstreamModel, x: Tensor, wanted: Container[int] | None = None
) -> tuple[dict[int, object], list[Tensor], object]:
    """Run the model and return (outputs by layer index, inputs of the head, what the model returns).

    Args:
        model: a model that upstream built.
        x: images.
        wanted: layer indices to keep; None for all.
    """
    outputs: dict[int, object] = {}
    inputs: list[Tensor] = []
    hooks = []

    def keep(index: int) -> Callable[[nn.Module, object, object], None]:
        return lambda layer, args, output: outputs.__setitem__(index, output)

    for index, layer in enumerate(model.model):
        if wanted is None or index in wanted:
            hooks.append(layer.register_forward_hook(keep(index)))
    hooks.append(
        model.model[-1].register_forward_pre_hook(lambda head, args: inputs.extend(t.clone() for t in tensors(args)))
    )
    try:
        result = model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, inputs, result


def layer_index(name: str) -> int | None:
    """Return the index of the layer that a module or a parameter is in, by its name; None where it is in none."""
    found = _IN_LAYER.match(name)
    return int(found[1]) if found else None


def layer_name(model: UpstreamModel, index: int) -> str:
    """Return the name of a layer in messages: its index and its class."""
    return f"layer {index} ({type(model.model[index]).__name__})"


def module_name(index: int, name: str) -> str:
    """Return the name that a module of a layer has in the model; that of the layer itself if its name is empty."""
    return f"model.{index}.{name}" if name else f"model.{index}"


def count_parameters(module: nn.Module) -> int:
    """Return the number of values in the parameters of a module."""
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def calibrate(model: M, x: Tensor) -> M:
    """Set every BatchNorm's statistics from these images, and leave the model in eval.

    A model fresh from its constructor has mean 0 and variance 1: in eval its signal gets weaker layer by layer, and
    a comparison of outputs means little. A norm whose momentum is 0 keeps its own, as it does in any training.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.momentum != 0]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.momentum = 1.0
    train_on_images(model)(x)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    return model.eval()


def train_on_images(model: M) -> M:
    """Put a model into train mode for a run on images alone, and return it.

    A head that takes more than its maps is put into eval, all but its norms.
    """
    model.train()
    if needs_more_than_maps(model):
        model.model[-1].eval()
        for norm in model.modules():
            if isinstance(norm, nn.modules.batchnorm._BatchNorm):
                norm.train()
    return model


def needs_more_than_maps(model: nn.Module) -> bool:
    """Return whether the head takes something beside its maps: RT-DETR's wants the labels when it trains."""
    layers = getattr(model, "model", None)
    head = layers[-1] if isinstance(layers, nn.Sequential) and len(layers) else None
    return head is not None and len(inspect.signature(head.forward).parameters) > 1


@torch.no_grad()
def randomise_norms(model: M, seed: int = 2) -> M:
    """Give every BatchNorm random statistics and weights: fresh ones hide the errors of a fold."""
    generator = torch.Generator().manual_seed(seed)
    for norm in model.modules():
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
            continue
        lows = ((norm.running_mean, -0.2), (norm.running_var, 0.5), (norm.weight, 0.5), (norm.bias, -0.2))
        for tensor, low in lows:
            if tensor is not None:
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + low)
    return model
