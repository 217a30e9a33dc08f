"""The exception of a task that cannot do what the request asks; the parent shows its message to the user."""

from __future__ import annotations

from ...wire.messages import Refused


class Refusal(Exception):
    """A request that cannot be met.

    Attributes:
        message: the answer to the parent.
    """

    def __init__(self, what: str, *details: str, hint: str) -> None:
        super().__init__(what)
        self.message = Refused(what, details, hint)
