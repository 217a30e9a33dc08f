"""What every upstream's parser has in common."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

from ..tensors.models import UpstreamModel
from ..tensors.tensors import CHANNEL_KEYS


@contextmanager
def activation_kept(parser: ModuleType) -> Iterator[None]:
    """Take back what a file's `activation` sets: upstream leaves it on its class, for each model that follows."""
    classes = [found for found in vars(parser).values() if isinstance(found, type) and "default_act" in vars(found)]
    kept = [(found, vars(found)["default_act"]) for found in classes]
    try:
        yield
    finally:
        for found, activation in kept:
            setattr(found, "default_act", activation)  # noqa: B010  a type has no such attribute for mypy


def with_its_channels(model: UpstreamModel, data: Mapping[str, Any]) -> UpstreamModel:
    """Leave in a model's YAML the one key for the channels of its images that upstream itself writes.

    Releases have one of two; what a file says under the other is nothing to them, and must be nothing to a check.
    """
    written = [key for key in CHANNEL_KEYS if key in model.yaml and model.yaml[key] != data.get(key)]
    if written:
        for key in set(CHANNEL_KEYS) - set(written):
            model.yaml.pop(key, None)
    return model


def import_first(*names: str) -> ModuleType:
    """Import the first of several modules that the tree has: releases have one in different places."""
    return importlib.import_module(next((name for name in names if _is_there(name)), names[0]))


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # nor is the package that it would be in
        return False


def find_class(parser: ModuleType, name: str) -> Any:
    if name.startswith("nn."):
        return getattr(torch.nn, name[3:], None)
    return getattr(parser, name, None)


def descends(head: object, of_upstream: object) -> bool:
    """Return whether the class of a head is this class of upstream's, or inherits from it."""
    return isinstance(head, type) and isinstance(of_upstream, type) and issubclass(head, of_upstream)
