"""A part of a pin's line that a patch replaces: what the compatibility fixes and the seed patch are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fix(ABC):
    """Code of a pin, and the code that replaces it.

    Attributes:
        path: the file, from the tree's root.
        old: the part of a line of the pin that is replaced.
        new: what replaces it, one line or several.
        times: how often `old` occurs in the file.
    """

    path: str
    old: str
    new: str
    times: int = field(default=1, kw_only=True)

    @property
    @abstractmethod
    def what(self) -> str:
        """What it is, for messages."""

    @property
    def reason(self) -> str:
        """Why it is needed, one sentence for the head of the patch; "" where the patch itself says it."""
        return ""
