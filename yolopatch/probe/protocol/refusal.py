"""The exceptions of a task that cannot do what the request asks; the parent shows their message to the user."""

from __future__ import annotations

from ...wire.messages import NotBuilt, Refused


class Refusal(Exception):
    """A request that cannot be met.

    Attributes:
        message: the answer to the parent.
    """

    message: Refused | NotBuilt

    def __init__(self, what: str, *details: str, hint: str) -> None:
        super().__init__(what)
        self.message = Refused(what, details, hint)


class ModelRefusal(Refusal):
    """A request whose model upstream cannot build or run."""

    def __init__(self, model: NotBuilt) -> None:
        super().__init__(model.why, hint=model.hint)
        self.message = model
