"""Texts that several checks use in their summaries and hints."""

from __future__ import annotations

from collections.abc import Sequence

NO_BASE = "no base was found"
NO_BASE_HINT = "use --base to name the upstream YAML that this file was made from"
NOT_FINITE_HINT = "look for uninitialised memory, a division by zero, or values that grow from layer to layer"


def plural(count: int, noun: str) -> str:
    """Return `1 layer`, or `2,000 layers`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def such(count: int, noun: str) -> str:
    """Return what follows an example of several, ` (2 such layers)`; empty where the example is the only one."""
    return f" ({count} such {noun}s)" if count > 1 else ""


def off_by(error: float, limit: float, measure: str) -> str:
    """Return a relative error and its limit: `off by 0.5 of its size (limit 0.1)`."""
    return f"off by {error:.2g} of its {measure} (limit {limit:g})"


def no_batch(task: str) -> str:
    """Return why a check that trains cannot run for a task."""
    return f"yolopatch has no synthetic batch for the task {task}"
