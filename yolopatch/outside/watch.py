"""How a slow step reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[str, int, int], None]
"""Called when a step starts: its name, its number from 1, and the number of all steps."""


def no_watch(name: str, number: int, count: int) -> None:
    """Ignore the progress: the default of steps that may run unwatched."""
