"""Resolve a data YAML by upstream's own code, which downloads a missing data set if the YAML names a download."""

from __future__ import annotations

import importlib
from typing import Any

from ...wire.training import DatasetAnswer, DatasetRequest
from ..protocol.emit import Emit
from ..upstreams.upstream import Upstream


def resolve(upstream: Upstream, request: DatasetRequest, emit: Emit) -> None:
    """Answer with the paths of each part of the data set, and the names of the classes."""
    if upstream.style == "ultralytics":
        found: dict[str, Any] = importlib.import_module("ultralytics.data.utils").check_det_dataset(request.data)
    else:
        found = importlib.import_module(f"{upstream.prefix}utils.general").check_dataset(request.data)
    parts = {part: _paths(found[part]) for part in ("train", "val", "test") if found.get(part)}
    names = found["names"].values() if isinstance(found["names"], dict) else found["names"]
    emit(DatasetAnswer(parts, list(names)))


def _paths(found: Any) -> tuple[str, ...]:
    return tuple(str(path) for path in (found if isinstance(found, (list, tuple)) else [found]))
