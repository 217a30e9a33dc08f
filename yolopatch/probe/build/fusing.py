"""Upstream's own fuse()."""

from __future__ import annotations

import inspect

from ..tensors.models import UpstreamModel


def fuse(model: UpstreamModel) -> UpstreamModel:
    """Fuse a model in place and return it, without upstream's printing where possible: that costs a count of FLOPs."""
    quiet = {"verbose": False} if "verbose" in inspect.signature(model.fuse).parameters else {}
    model.fuse(**quiet)
    return model
