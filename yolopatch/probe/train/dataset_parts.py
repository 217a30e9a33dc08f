"""What upstream makes of a data YAML; where it names a download and the set is missing, upstream fetches it."""

import importlib

from ...wire.training import DatasetAnswer


def resolve(upstream, request, emit):
    """Answer with the paths of each part of the set, and the classes' names."""
    if upstream.style == "ultralytics":
        found = importlib.import_module("ultralytics.data.utils").check_det_dataset(request.data)
    else:
        found = importlib.import_module(f"{upstream.prefix}utils.general").check_dataset(request.data)
    parts = {part: _paths(found[part]) for part in ("train", "val", "test") if found.get(part)}
    names = found["names"].values() if isinstance(found["names"], dict) else found["names"]
    emit(DatasetAnswer(parts, list(names)))


def _paths(said):
    return tuple(str(path) for path in (said if isinstance(said, (list, tuple)) else [said]))
