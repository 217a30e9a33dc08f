"""Answer one request: find the task, open the upstream that it is for, and write each answer as it comes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...wire.codec import decode
from ...wire.lines import write_line
from ...wire.messages import UpstreamOpened, UpstreamRequest
from ...wire.tasks import TASKS, Task
from .lifeline import hold
from .refusal import Refusal


def serve(request_file: str, answer_file: str) -> None:
    """Do the task that the file asks for; what it answers is appended to the other file, a line each."""
    asked = json.loads(Path(request_file).read_text(encoding="utf-8"))
    task = TASKS[asked["task"]]
    if asked["lifeline"] is not None:
        hold(asked["lifeline"])
    request = decode(task.request, asked["request"])
    with open(answer_file, "a", encoding="utf-8") as stream:

        def emit(message: object) -> None:
            stream.write(write_line(message))
            stream.flush()

        try:
            _run(task, request, emit)
        except Refusal as refusal:
            emit(refusal.message)


def _run(task: Task[Any], request: Any, emit: Callable[[object], None]) -> None:
    module, _, function = task.runs.partition(":")
    if task.opens_upstream:
        upstream = _open(request)
        emit(UpstreamOpened(upstream.file))
        getattr(import_module(f"...{module}", __name__), function)(upstream, request, emit)
    else:
        getattr(import_module(f"...{module}", __name__), function)(request, emit)


def _open(request: UpstreamRequest) -> Any:
    """Import the workspace's upstream; it says which one this interpreter would find without us."""
    without_us = _found_without_us(request.style)
    sys.path.insert(0, request.workspace)
    upstream = import_module("...build.upstreams", __name__).open_upstream(request.style)
    upstream.without_us = without_us
    return upstream


def _found_without_us(style: str) -> str | None:
    spec = find_spec({"ultralytics": "ultralytics", "yolov5-package": "yolov5"}.get(style, "models"))
    return spec.origin if spec else None
