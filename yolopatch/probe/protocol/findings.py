"""What a check found: one status, one sentence, the evidence as data, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...wire.statuses import FAIL, PASS, SKIP, WARN


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        status: `pass`, `warn`, `fail` or `skip`.
        summary: one sentence in plain words.
        evidence: the measured values, as JSON can hold them.
        hint: what the user can do next; empty for `pass`.
    """

    status: str
    summary: str
    evidence: dict[str, Any] = field(default_factory=dict)
    hint: str = ""


def passed(summary: str, **evidence: Any) -> Finding:
    """Everything is as it should be."""
    return Finding(PASS, summary, evidence)


def warned(summary: str, hint: str, **evidence: Any) -> Finding:
    """The user should know this, but the model is not wrong."""
    return Finding(WARN, summary, evidence, hint)


def failed(summary: str, hint: str, **evidence: Any) -> Finding:
    """The model is not what it claims to be, or cannot be used as upstream's own models can."""
    return Finding(FAIL, summary, evidence, hint)


def skipped(why: str, hint: str = "", **evidence: Any) -> Finding:
    """The check could not run here; it neither passed nor failed."""
    return Finding(SKIP, why, evidence, hint)
