"""Whether a module computes a plain convolution, or a layer the same as the base's, for any values of its tensors."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from ..thresholds import SAME_FUNCTION
from .calls import Call, outcome
from .perturb import scramble_
from .plain_tensors import plain_tensors
from .snapshots import Snapshot
from .tensors import distance

_SEEDS = (21, 22)  # two settings: under one of them a module may be a convolution by chance


def plain_kernel(module: nn.Module, call: Call) -> str | None:
    """Return the name of the kernel with which a module computes only a plain convolution, or None.

    Under two random settings of all its tensors, in eval and in train, its outputs for two inputs are compared
    with the inputs' convolutions; one bias per channel is allowed. The kernel is a 4-D parameter of the module itself,
    or the only 4-D parameter in it if that belongs to torch's Conv2d.

    Args:
        module: a module that the caller may change; its state is restored.
        call: the call that the model makes.
    """
    names = _kernels(module)
    if not names:
        return None
    snapshot = Snapshot(module)
    try:
        for seed in _SEEDS:
            _set(module, seed)
            names = [name for name in names if _convolves(module, call, module.get_parameter(name))]
            if not names:
                return None
        return names[0]
    finally:
        snapshot.restore()


def _kernels(module: nn.Module) -> list[str]:
    own = [name for name, p in module.named_parameters(recurse=False) if p.dim() == 4]
    every = [name for name, p in module.named_parameters() if p.dim() == 4]
    if own or len(every) != 1:
        return own
    return every if type(module.get_submodule(every[0].rpartition(".")[0])) is nn.Conv2d else []


@torch.no_grad()
def _set(module: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    plain = [tensor for _, _, tensor in plain_tensors(module)]
    for tensor in (*module.parameters(), *module.buffers(), *plain):
        scramble_(tensor, generator)


@torch.no_grad()
def _convolves(module: nn.Module, call: Call, kernel: Tensor) -> bool:
    calls = call.noise(1), call.noise(2)
    return all(_convolves_in(module, calls, kernel, training) for training in (False, True))


def _convolves_in(module: nn.Module, calls: tuple[Call, ...], kernel: Tensor, training: bool) -> bool:
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    for call in calls:  # the second one is not run if the first one already differs
        first, given = call.first, outcome(module, call, training)
        if first is None or given is None or len(given) != 1:
            return False
        inputs.append(first)
        outputs.append(given[0])
        if not _is_convolution(module, inputs, outputs, kernel):
            return False
    return True


def _is_convolution(module: nn.Module, inputs: list[Tensor], outputs: list[Tensor], kernel: Tensor) -> bool:
    """Return whether all outputs are the inputs' convolutions with the kernel, plus one number per channel."""
    if not _fits(inputs[0], outputs[0], kernel):
        return False
    groups = inputs[0].shape[1] // kernel.shape[1]
    for way in _ways(module, inputs[0], outputs[0], kernel):
        expected = [_convolution(x, kernel, *way, groups) for x in inputs]
        if expected[0] is None or expected[0].shape != outputs[0].shape:
            continue
        bias = (outputs[0] - expected[0]).mean((0, 2, 3), keepdim=True)
        if distance(outputs, [e + bias for e in expected if e is not None]) <= SAME_FUNCTION:
            return True
    return False


def _fits(given: Tensor, output: Tensor, kernel: Tensor) -> bool:
    if given.dim() != 4 or output.dim() != 4 or not kernel.shape[1]:
        return False
    return output.shape[1] == kernel.shape[0] and given.shape[1] % kernel.shape[1] == 0


def _convolution(x: Tensor, kernel: Tensor, stride: Any, padding: Any, dilation: Any, groups: int) -> Tensor | None:
    try:
        return F.conv2d(x, kernel, None, stride, padding, dilation, groups)
    except (RuntimeError, TypeError, ValueError):  # these names have another meaning in the module
        return None


def _ways(module: nn.Module, given: Tensor, output: Tensor, kernel: Tensor) -> list[tuple[Any, Any, Any]]:
    """Return (stride, padding, dilation): those in the module's attributes, then all that the shapes allow."""
    stride, padding, dilation = (getattr(module, name, None) for name in ("stride", "padding", "dilation"))
    ways = [(stride, padding, dilation)] if None not in (stride, padding, dilation) else []
    strides = {max(1, round(given.shape[-1] / output.shape[-1]))}
    sides = kernel.shape[-1]
    for stride, padding, dilation in itertools.product(strides, range(sides + 1), (1, 2)):
        extent = given.shape[-1] + 2 * padding - dilation * (sides - 1) - 1
        if extent >= 0 and extent // stride + 1 == output.shape[-1]:
            ways.append((stride, padding, dilation))
    return ways


def is_same_function(layer: nn.Module, base: nn.Module, call: Call) -> bool:
    """Return whether a layer computes the base's function with the base's tensors, under two random settings.

    Args:
        layer: a layer that the caller may change, with the same names and shapes of tensors as the base's.
        base: the base's layer, which the caller may change as well; the state of both is restored.
        call: the call that the model makes to the layer.
    """
    snapshots = Snapshot(layer), Snapshot(base)
    try:
        return all(_computes_the_same(layer, base, call, seed) for seed in _SEEDS)
    finally:
        for snapshot in snapshots:
            snapshot.restore()


def _computes_the_same(layer: nn.Module, base: nn.Module, call: Call, seed: int) -> bool:
    _set(base, seed)
    layer.load_state_dict(base.state_dict())
    x = call.noise(seed)
    for training in (False, True):
        found, expected = outcome(layer, x, training), outcome(base, x, training)
        if found is None or expected is None or not distance(found, expected) <= SAME_FUNCTION:
            return False
    return True
