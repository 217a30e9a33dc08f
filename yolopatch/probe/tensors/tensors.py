"""Tensors in whatever a model returns, images to give it, and how far two results lie apart."""

import random

import torch
import torch.nn as nn


def seed_all(seed=0):
    """Seed what upstream's own `init_seeds` seeds: Python, numpy and torch."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def tensors(value):
    """Yield every tensor in nested dicts, lists and tuples, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)


def image(model, side, batch=1, seed=1, device=None):
    """Return images in [0, 1], shape (batch, 3, height, width); `side` is one number or (height, width)."""
    height, width = (side, side) if isinstance(side, int) else side
    parameter = next(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    made = torch.rand(batch, 3, height, width, generator=generator)
    return made.to(device or parameter.device, parameter.dtype)


def is_finite(value):
    """Tell whether every floating-point tensor in the value is finite."""
    return all(bool(torch.isfinite(t).all()) for t in tensors(value) if t.is_floating_point())


def distance(found, expected):
    """Return the largest difference of two results, relative to the largest expected value of each tensor.

    Infinite where shapes, counts or non-finite places differ.
    """
    pairs = list(zip(tensors(found), tensors(expected)))
    if len(pairs) != sum(1 for _ in tensors(expected)) or len(pairs) != sum(1 for _ in tensors(found)):
        return float("inf")
    return max((_distance(a, b) for a, b in pairs), default=0.0)


def _distance(found, expected):
    if found.shape != expected.shape:
        return float("inf")
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    if not found.numel() or torch.equal(found, expected):
        return 0.0
    if not (torch.isfinite(found).all() and torch.isfinite(expected).all()):
        return 0.0 if torch.equal(torch.nan_to_num(found), torch.nan_to_num(expected)) else float("inf")
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-12))


def head_inputs(model, x):
    """Run the model and return the maps that its head gets.

    The head's own outputs may be sorted, cut to the best, or lose a branch when fused.
    """
    return layer_outputs(model, x, wanted=())[1]


def layer_outputs(model, x, wanted=None):
    """Run the model and return (outputs by layer index, inputs of the head, what the model returns).

    Args:
        model: an upstream model; its layers are `model.model`.
        x: images.
        wanted: layer indices to keep; None for all.
    """
    outputs, inputs, hooks = {}, [], []

    def keep(index):
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


def layer_name(model, index):
    """Return how a message names a layer: its index and its class."""
    return f"layer {index} ({type(model.model[index]).__name__})"


def count_parameters(module):
    """Return how many values the parameters of a module hold."""
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def calibrate(model, x):
    """Set every BatchNorm's statistics from these images, and leave the model in eval.

    A model fresh from its constructor has statistics of (0, 1): in eval its signal dies out layer by layer, and
    no comparison of outputs means much.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.momentum = 1.0
    model.train()
    model(x)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    return model.eval()


@torch.no_grad()
def randomise_norms(model, seed=2):
    """Give every BatchNorm made-up statistics and weights: fresh ones hide what a fold gets wrong."""
    generator = torch.Generator().manual_seed(seed)
    for norm in model.modules():
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
            continue
        lows = ((norm.running_mean, -0.2), (norm.running_var, 0.5), (norm.weight, 0.5), (norm.bias, -0.2))
        for tensor, low in lows:
            if tensor is not None:
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + low)
    return model
