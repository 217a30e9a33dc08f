"""Messages as lines of JSON: one object a line, which names its type."""

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
        KeyError: it is no message of this task.
    """
    # NaN is no JSON to others: it goes on as a word
    data: dict[str, Any] = json.loads(line, parse_constant=str)
    kinds = {kind.__name__: kind for kind in (*GENERAL, *task.answers)}
    return decode(kinds[data.pop(_TYPE)], data)
