"""What became of a model that was built with a user's module."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.errors import UsageError

BUILT, FAILED, NOT_BUILT = "built", "failed", "not built"


@dataclass(frozen=True)
class Tried:
    """A model with a module, or why there is none.

    Attributes:
        state: BUILT (it was built and run, in train mode and in eval mode), FAILED, or NOT_BUILT.
        pin: that it was built for; "" where none was.
        model: the model; "" where none was built.
        why: why it failed, or why none was built.
        details: where it failed.
        hint: what to do about it.
        refused: other pins for which a model fails, each with why: what a head gives is a matter of the pin.
    """

    state: str
    pin: str = ""
    model: str = ""
    why: str = ""
    details: tuple[str, ...] = ()
    hint: str = ""
    refused: tuple[tuple[str, str], ...] = ()


NOT_ASKED = Tried(NOT_BUILT, why="it was not asked for", hint="yolopatch add FILE.py --try")


def require_working(tried: Tried, name: str) -> None:
    """Refuse a module with which a model cannot be built or run.

    Raises:
        UsageError: the model failed; the details say where.
    """
    if tried.state == FAILED:
        raise UsageError(
            f"{name} does not work in a model, {tried.model} of {tried.pin}: {tried.why}",
            details=list(tried.details),
            hint=f"{tried.hint}; to store {name} as it is, add --no-try".lstrip("; "),
        )
