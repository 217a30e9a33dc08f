"""Whether a module is a plain convolution, or a layer the base's own, whatever its tensors are set to."""

import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..thresholds import SAME_FUNCTION
from .calls import outcome
from .perturb import scramble_
from .plain_tensors import plain_tensors
from .snapshots import Snapshot
from .tensors import distance

_SEEDS = (21, 22)  # two settings: a module may by chance be a convolution under one


def plain_kernel(module, call):
    """Return the name of the kernel with which a module computes a plain convolution and nothing else, or None.

    Under two random settings of all its tensors, in eval and in train, its outputs for two inputs are compared
    with the inputs' convolutions; one bias per channel is allowed. The kernel is a 4-D parameter of the module's
    own, or the only one in it if torch's own Conv2d has that.

    Args:
        module: a module of the caller's own; it comes back as it was.
        call: what the model calls it with.
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


def _kernels(module):
    own = [name for name, p in module.named_parameters(recurse=False) if p.dim() == 4]
    every = [name for name, p in module.named_parameters() if p.dim() == 4]
    if own or len(every) != 1:
        return own
    return every if type(module.get_submodule(every[0].rpartition(".")[0])) is nn.Conv2d else []


@torch.no_grad()
def _set(module, seed):
    generator = torch.Generator().manual_seed(seed)
    plain = [tensor for _, _, tensor in plain_tensors(module)]
    for tensor in (*module.parameters(), *module.buffers(), *plain):
        scramble_(tensor, generator)


@torch.no_grad()
def _convolves(module, call, kernel):
    calls = call.noise(1), call.noise(2)
    return all(_convolves_in(module, calls, kernel, training) for training in (False, True))


def _convolves_in(module, calls, kernel, training):
    inputs, outputs = [], []
    for call in calls:  # the second is not worth running where the first already differs
        given = outcome(module, call, training)
        if given is None or len(given) != 1:
            return False
        inputs.append(call.first)
        outputs.append(given[0])
        if not _is_convolution(module, inputs, outputs, kernel):
            return False
    return True


def _is_convolution(module, inputs, outputs, kernel):
    """Tell whether all outputs are the inputs' convolutions with the kernel, plus one number per channel."""
    if not _fits(inputs[0], outputs[0], kernel):
        return False
    groups = inputs[0].shape[1] // kernel.shape[1]
    for way in _ways(module, inputs[0], outputs[0], kernel):
        expected = [_convolution(x, kernel, *way, groups) for x in inputs]
        if expected[0] is None or expected[0].shape != outputs[0].shape:
            continue
        bias = (outputs[0] - expected[0]).mean((0, 2, 3), keepdim=True)
        if distance(outputs, [e + bias for e in expected]) <= SAME_FUNCTION:
            return True
    return False


def _fits(given, output, kernel):
    if given is None or given.dim() != 4 or output.dim() != 4 or not kernel.shape[1]:
        return False
    return output.shape[1] == kernel.shape[0] and given.shape[1] % kernel.shape[1] == 0


def _convolution(x, kernel, stride, padding, dilation, groups):
    try:
        return F.conv2d(x, kernel, None, stride, padding, dilation, groups)
    except (RuntimeError, TypeError, ValueError):  # the module means something else by these names
        return None


def _ways(module, given, output, kernel):
    """Return (stride, padding, dilation) as the module's attributes say and as the shapes allow."""
    named = tuple(getattr(module, name, None) for name in ("stride", "padding", "dilation"))
    ways = [named] if None not in named else []
    strides = {max(1, round(given.shape[-1] / output.shape[-1]))}
    sides = kernel.shape[-1]
    for stride, padding, dilation in itertools.product(strides, range(sides + 1), (1, 2)):
        extent = given.shape[-1] + 2 * padding - dilation * (sides - 1) - 1
        if extent >= 0 and extent // stride + 1 == output.shape[-1]:
            ways.append((stride, padding, dilation))
    return ways


def is_under_another_name(layer, base, call):
    """Tell whether a layer computes the base's function with the base's tensors, under two random settings.

    Args:
        layer: a layer of the caller's own, with the same state dict as the base's; it comes back as it was.
        base: the base's layer, the caller's own as well.
        call: what the model calls the layer with.
    """
    snapshots = Snapshot(layer), Snapshot(base)
    try:
        return all(_computes_the_same(layer, base, call, seed) for seed in _SEEDS)
    finally:
        for snapshot in snapshots:
            snapshot.restore()


def _computes_the_same(layer, base, call, seed):
    _set(base, seed)
    layer.load_state_dict(base.state_dict())
    x = call.noise(seed)
    for training in (False, True):
        found, expected = outcome(layer, x, training), outcome(base, x, training)
        if found is None or expected is None or not distance(found, expected) <= SAME_FUNCTION:
            return False
    return True
