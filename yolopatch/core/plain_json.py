"""JSON that somebody else wrote: every fault is one kind of exception."""

from __future__ import annotations

import json
from typing import Any


def load_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is no JSON, no UTF-8, or has more lists and objects inside each other than Python can read.
    """
    try:
        return json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    except RecursionError as error:
        raise ValueError("it has too many lists or objects inside each other") from error
