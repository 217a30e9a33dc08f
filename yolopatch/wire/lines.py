"""Requests and messages as text: a request names its task, a message is one line that names its type."""

from __future__ import annotations

import json
from typing import Any

from .codec import decode, encode
from .tasks import GENERAL, TASKS, Task

_TYPE = "message"


def write_request(task: Task[Any], request: object, lifeline: int | None = None) -> str:
    """Return the text that asks a process for a task.

    Args:
        task: the task.
        request: its request.
        lifeline: the file descriptor whose end ends the process, None for a process that somebody waits for.
    """
    return json.dumps({"task": task.name, "lifeline": lifeline, "request": encode(request)})


def read_request(text: str) -> tuple[Task[Any], Any, int | None]:
    """Return the task, the request and the lifeline that `write_request` was called with."""
    asked: dict[str, Any] = json.loads(text)
    task = TASKS[asked["task"]]
    return task, decode(task.request, asked["request"]), asked["lifeline"]


def write_line(message: object) -> str:
    """Return a message as a line."""
    return json.dumps({_TYPE: type(message).__name__, **encode(message)}) + "\n"


def read_line(task: Task[Any], line: bytes) -> Any:
    """Return the message of a line.

    Raises:
        ValueError: the line is not a message of this task.
    """
    try:
        data: dict[str, Any] = json.loads(line)
        kinds = {kind.__name__: kind for kind in (*GENERAL, *task.answers)}
        return decode(kinds[data.pop(_TYPE)], data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        start = line[:200].decode("utf-8", "replace")
        raise ValueError(f"not a message of the task {task.name}: {start!r}") from error
