"""What a check found: one status, one sentence, the evidence as data, and what to do about it."""

from dataclasses import dataclass, field

from ...wire.statuses import FAIL, PASS, SKIP, WARN


@dataclass(frozen=True)
class Finding:
    """The answer of one check.

    Attributes:
        status: `pass`, `warn`, `fail` or `skip`.
        summary: one sentence in plain words.
        evidence: what was measured, as JSON can hold it.
        hint: what the user can do next; empty for `pass`.
    """

    status: str
    summary: str
    evidence: dict = field(default_factory=dict)
    hint: str = ""


def passed(summary, **evidence):
    """All is as it should be."""
    return Finding(PASS, summary, evidence)


def warned(summary, hint, **evidence):
    """Something that the user should know, and that does not make the model wrong."""
    return Finding(WARN, summary, evidence, hint)


def failed(summary, hint, **evidence):
    """The model is not what it claims to be, or cannot be used as upstream's own can."""
    return Finding(FAIL, summary, evidence, hint)


def skipped(why, hint="", **evidence):
    """The check could not run here; it neither passed nor failed."""
    return Finding(SKIP, why, evidence, hint)
