"""A row of the table: what is tried, how long it may take, and what came out."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What is tried.

    Attributes:
        subject: a module, or a pin.
        what: the check.
        budget: the seconds after which it has failed.
    """

    subject: str
    what: str
    budget: float

    @property
    def name(self) -> str:
        """How `--only` names it."""
        return f"{self.subject}/{re.sub('[ ,]+', '-', self.what)}"


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        row: what was tried.
        ok: whether all was as it must be.
        text: what was measured, or why it failed.
        seconds: how long it took.
    """

    row: Row
    ok: bool
    text: str
    seconds: float
