"""Serve one request: find its task, import the upstream that it needs, and write each answer at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from ...wire.lines import read_request, write_line
from ...wire.messages import UpstreamOpened, UpstreamRequest
from ...wire.tasks import Task
from .emit import Emit
from .lifeline import hold
from .quick_imports import quick_imports
from .refusal import Refusal


def serve(request_file: str, answer_file: str) -> None:
    """Run the task of the request file, and append each of its answers to the other file as one line."""
    task, request, lifeline = read_request(Path(request_file).read_text(encoding="utf-8"))
    if lifeline is not None:
        hold(lifeline)
    with open(answer_file, "a", encoding="utf-8") as stream:

        def emit(message: object, /) -> None:
            stream.write(write_line(message))
            stream.flush()

        try:
            _run(task, request, emit)
        except Refusal as refusal:
            emit(refusal.message)


def _run(task: Task[Any], request: Any, emit: Emit) -> None:
    begun = [_function(task.before)(request)] if task.before else []
    if task.opens_upstream:
        upstream = _open(request)
        emit(UpstreamOpened(upstream.file))
        _function(task.runs)(upstream, request, emit, *begun)
    else:
        _function(task.runs)(request, emit, *begun)


def _function(name: str) -> Callable[..., Any]:
    """Return the function `module:function` below `probe/`."""
    module, _, function = name.partition(":")
    return cast("Callable[..., Any]", getattr(import_module(f"...{module}", __name__), function))


def _open(request: UpstreamRequest) -> Any:
    """Import the workspace's upstream, and return it as upstreams.upstream.Upstream."""
    sys.path.insert(0, request.workspace)
    with quick_imports():
        return import_module("...upstreams.opening", __name__).open_upstream(request.style)
