"""All that some things need, directly or through others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

One = TypeVar("One", bound=Hashable)


def closure(starts: Iterable[One], needs: Callable[[One], Iterable[One]]) -> set[One]:
    """Return these things, and all that they need: what each needs by itself, what that needs, and so on."""
    found: set[One] = set()
    todo = list(starts)
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(needs(one))
    return found
