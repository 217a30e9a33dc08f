"""The keys of a file next to its rows: which of them make its layers other ones than the base's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..tensors.models import UpstreamModel

# what the rows, the file and the scale are: compared elsewhere, or the same for both models
_ELSEWHERE = frozenset({"backbone", "head", "nc", "scale", "yaml_file", "depth_multiple", "width_multiple"})


@dataclass(frozen=True)
class Settings:
    """The keys whose values make other layers of the base's rows.

    Attributes:
        keys: the keys, sorted; empty where the file's values make the base's own layers.
        base: the model of the base's rows with the file's values of those keys that these rows can take.
    """

    keys: tuple[str, ...]
    base: UpstreamModel


def settings_of(
    data: Mapping[str, Any],
    base_data: Mapping[str, Any],
    base: UpstreamModel,
    build: Callable[[dict[str, Any]], UpstreamModel],
) -> Settings:
    """Return which keys of a parsed file, next to its rows, make other layers than the base's values of them.

    That upstream reads a key is seen by building: one that it does not know changes nothing.

    Args:
        data: the parsed file.
        base_data: that of its base.
        base: the model of `base_data`.
        build: build a model of parsed data, always with the same seed.
    """
    differing = sorted(
        key for key in (data.keys() | base_data.keys()) - _ELSEWHERE if data.get(key) != base_data.get(key)
    )
    built = {key: _built(_with(base_data, data, [key]), build) for key in differing}
    keys = tuple(key for key, model in built.items() if model is None or not _equal(base, model))
    taken = [key for key in keys if built[key] is not None]
    return Settings(keys, (_built(_with(base_data, data, taken), build) if taken else None) or base)


def _built(data: dict[str, Any], build: Callable[[dict[str, Any]], UpstreamModel]) -> UpstreamModel | None:
    """Return a model, None where its rows and keys do not fit, as anchors for other maps do not."""
    try:
        return build(data)
    except Exception:  # any exception of upstream's code
        return None


def _with(base_data: Mapping[str, Any], data: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Return the base's parsed YAML with the file's values of these keys, and without those that the file lacks."""
    kept = {key: value for key, value in base_data.items() if key not in keys}
    return kept | {key: data[key] for key in keys if key in data}


def _equal(first: UpstreamModel, second: UpstreamModel) -> bool:
    """Return whether two models have the same modules and tensors."""
    modules, others = ([(name, type(m)) for name, m in model.named_modules()] for model in (first, second))
    tensors, found = first.state_dict(), second.state_dict()
    return (
        modules == others
        and tensors.keys() == found.keys()
        and all(_same(tensor, found[name]) for name, tensor in tensors.items())
    )


def _same(tensor: Tensor, other: Tensor) -> bool:
    return tensor.shape == other.shape and torch.equal(tensor.cpu(), other.cpu())
