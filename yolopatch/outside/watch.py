"""How what takes long says how far it has come."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[str, int, int], None]
"""Takes each step that begins: its name, its number from 1, and how many there are."""
