"""Why an exception was raised, and the words that all rules share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .raising import Raised


@dataclass(frozen=True)
class Cause:
    """Why an exception was raised.

    Attributes:
        what: one clause that names the layer or the module, and what it does.
        remedy: what to do.
        is_kernel_missing: torch has no code for this operator, type and device: the model is not to blame.
    """

    what: str
    remedy: str
    is_kernel_missing: bool = False


def _messages(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        error = error.__cause__


def search(pattern: re.Pattern[str], found: Raised) -> re.Match[str] | None:
    return next(filter(None, map(pattern.search, _messages(found.error))), None)


def place(found: Raised) -> str:
    """Return the module and its line, in words; empty where neither is known."""
    named = f"{found.name} ({type(found.module).__name__})" if found.name else found.layer
    return ", ".join(part for part in (named, found.line) if part)
