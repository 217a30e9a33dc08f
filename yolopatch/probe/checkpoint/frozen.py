"""Models out of checkpoints and packed files, with DSConv layers that can be frozen."""

import hashlib

import torch

from ..protocol.refusal import Refusal
from .harmless import build_stored

_TOLD = 4  # lines of what torch says of a state that does not fit


def build(upstream, yaml, state):
    """Return the model of a YAML with a state in it, in float32 and eval.

    Raises:
        Refusal: the YAML is more than layers, cannot be built here, or has no place for each tensor of the state.
    """
    model = build_stored(upstream, yaml)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip()[:200] for line in str(error).splitlines() if line.strip()]
        raise Refusal(
            "the file's tensors are not those of the model that this workspace builds of its YAML",
            *lines[1 : 1 + _TOLD],
            hint="the workspace lacks a module or flavor that the file was trained with, or is of another release: "
            "yolopatch status",
        ) from error
    return model


def freezable(model):
    """Return the model's DSConv layers that quantise, by name."""
    return {name: m for name, m in model.named_modules() if type(m).__name__ == "DSConv" and hasattr(m, "freeze")}


def same_bits(one, other):
    """Tell whether two tensors are of the same type, shape and bits."""
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(_octets(one), _octets(other))


def digest(kernels):
    """Return the SHA-256 of kernels, by name, in the order of the names."""
    found = hashlib.sha256()
    for name in sorted(kernels):
        found.update(name.encode() + b"\0" + _octets(kernels[name]).numpy().tobytes())
    return found.hexdigest()


def kernels(layers):
    """Return what layers convolve with, by name."""
    return {name: layer.kernel().detach() for name, layer in layers.items()}


def _octets(tensor):
    return tensor.detach().cpu().reshape(-1).contiguous().view(torch.uint8)
