"""Values as JSON can hold them."""

from __future__ import annotations

from typing import Any

PLAIN = (bool, int, float, str, type(None))


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: a value that is no number, text or list becomes the name of its class."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.__name__ if isinstance(value, type) else type(value).__name__
