"""Lists in the evidence of a check: how many entries they have, and the first of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

SHOWN = 20  # entries of a list: enough to see the pattern


def sample(items: Collection[object], key: str = "first") -> dict[str, Any]:
    """Return {"count": the number of items, key: the first of them}."""
    return {"count": len(items), key: list(items)[:SHOWN]}
