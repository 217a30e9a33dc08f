"""The functions that a node runs. They travel with their code, because a node may have no yolopatch, or another one.

So they need nothing but the standard library until the versions were compared.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any


def look(version: str, request: bytes) -> dict[str, Any]:
    """Return what this node has: its `host`, `cores`, and why it is of no use in `fault`, or its `setup`.

    Args:
        version: of the yolopatch that asks.
        request: a pickled `LookRequest`.
    """
    found: dict[str, Any] = {"host": platform.node(), "cores": os.cpu_count(), "fault": _fault(version)}
    if found["fault"] is None:
        from yolopatch.steps.cluster.look import look_here

        found |= look_here(request)
    return found


def work(version: str, recipe: bytes, shared: Mapping[str, Mapping[str, bytes]]) -> Iterator[Any]:
    """Train a run, and yield the id of this node, its host, and then the messages of the run; None in place of those
    where this node has another yolopatch, and why.

    Args:
        version: of the yolopatch that asks.
        recipe: a pickled `Recipe`.
        shared: the fields of a `Shared`.
    """
    import ray

    yield ray.get_runtime_context().get_node_id(), platform.node()
    fault = _fault(version)
    if fault is not None:
        yield None, fault
        return
    from yolopatch.steps.cluster.worker import train_here

    yield from train_here(recipe, shared)


def _fault(version: str) -> str | None:
    """Return why this node's yolopatch is of no use; None where it is the same."""
    try:
        import yolopatch
    except ImportError as error:
        return f"it has no yolopatch ({error})"
    there: str = yolopatch.__version__
    return None if there == version else f"it has yolopatch {there}, and this machine {version}"
