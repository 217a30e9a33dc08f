"""What a task says where it cannot do what was asked, so that the parent can tell the user."""


class Refusal(Exception):
    """A request that cannot be met.

    Attributes:
        what: the sentence that a person reads.
        details: what was expected and found, a line each.
        hint: what to do next.
    """

    def __init__(self, what, *details, hint):
        super().__init__(what)
        self.what = what
        self.details = details
        self.hint = hint

    @property
    def told(self):
        """The refusal as an answer."""
        return {"refused": {"what": self.what, "details": list(self.details), "hint": self.hint}}


def refusing(task):
    """Make a task tell a refusal as its last answer."""

    def guarded(upstream, request, emit):
        try:
            task(upstream, request, emit)
        except Refusal as refusal:
            emit(refusal.told)

    return guarded
