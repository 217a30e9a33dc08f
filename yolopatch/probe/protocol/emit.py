"""How a task answers."""

from __future__ import annotations

from collections.abc import Callable

Emit = Callable[[object], None]
"""Takes one message of the wire, and has it written at once."""
