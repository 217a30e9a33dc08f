"""Models of checkpoints and packed files, with DSConv layers that can be frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .harmless import build_stored

_SHOWN = 4  # lines of torch's message about a state that does not fit


def build(upstream: Upstream, yaml: dict[str, Any], state: Mapping[str, Tensor]) -> UpstreamModel:
    """Build the model of a YAML and load a state into it; return it in float32 and eval.

    Raises:
        Refusal: the YAML has more than layers, cannot be built here, or builds a model with other tensors.
    """
    model = build_stored(upstream, yaml)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip()[:200] for line in str(error).splitlines() if line.strip()]
        raise Refusal(
            "the file's tensors are not those of the model that this workspace builds of its YAML",
            *lines[1 : 1 + _SHOWN],
            hint="the workspace lacks a module or flavor that the file was trained with, or is of another release: "
            "yolopatch status",
        ) from error
    return model


def freezable(model: nn.Module) -> dict[str, Any]:
    """Return the model's DSConv layers that quantise, by name."""
    return {name: m for name, m in model.named_modules() if type(m).__name__ == "DSConv" and hasattr(m, "freeze")}


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same type, shape and bits."""
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(_octets(one), _octets(other))


def digest(kernels: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of kernels and their names, in the order of the names."""
    found = hashlib.sha256()
    for name in sorted(kernels):
        found.update(name.encode() + b"\0" + _octets(kernels[name]).numpy().tobytes())
    return found.hexdigest()


def kernels(layers: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the kernels that frozen or freezable layers convolve with, by name."""
    return {name: layer.kernel().detach() for name, layer in layers.items()}


def _octets(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().reshape(-1).contiguous().view(torch.uint8)
