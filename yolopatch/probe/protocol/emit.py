"""How a task answers."""

from __future__ import annotations

from typing import Protocol


class Emit(Protocol):
    """A function that sends one message to the parent at once."""

    def __call__(self, message: object, /) -> None:
        """Send a message; it is one of the answers that the task declares in `wire/tasks.py`."""
