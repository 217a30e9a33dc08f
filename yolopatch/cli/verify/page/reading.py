"""Read JSON data that may be incomplete: each function returns a value of the right type for any input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def figure(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[Any]:
    """Return a list, an empty one for anything else."""
    return value if isinstance(value, (list, tuple)) else ()


def as_text(value: object) -> str:
    """Return a value as text; empty for None."""
    return "" if value is None else str(value)
