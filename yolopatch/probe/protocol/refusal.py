"""What a task says where it cannot do what was asked, so that the parent can tell the user."""

from __future__ import annotations

from ...wire.messages import Refused


class Refusal(Exception):
    """A request that cannot be met.

    Attributes:
        message: what the parent is told.
    """

    def __init__(self, what: str, *details: str, hint: str) -> None:
        super().__init__(what)
        self.message = Refused(what, details, hint)
