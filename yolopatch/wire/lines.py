"""Messages as lines: one JSON object a line, which names the type of its message."""

from __future__ import annotations

import json
from typing import Any

from .codec import decode, encode
from .tasks import GENERAL, Task

_TYPE = "message"


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
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        start = line[:200].decode("utf-8", "replace")
        raise ValueError(f"not a message of the task {task.name}: {start!r}") from error
