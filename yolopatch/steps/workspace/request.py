"""What `apply` and `remove` were asked to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch, options_of
from yolopatch.catalog.pins import Pin
from yolopatch.errors import UsageError
from yolopatch.steps.workspace.choices import Choice


@dataclass(frozen=True)
class Request:
    """How a command was asked to change a workspace.

    Attributes:
        words: the command as it can be typed again, without `--into`.
        into: the new branch for the result; None for the branch that is checked out.
    """

    words: Sequence[str]
    into: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What is to be added to a pin, and by which command.

    Attributes:
        update: take the user's own modules among them from the catalog, also if the workspace has another text.
    """

    pin: Pin
    choices: Sequence[Choice]
    fix_patches: Collection[FixPatch]
    update: bool
    request: Request


def nothing_asked(command: str) -> UsageError:
    """Return the error for an `apply` or a `remove` of nothing."""
    options = " or ".join(options_of(FIX_PATCHES))
    return UsageError(f"nothing to {command}", hint=f"name a module with --module, or give {options}")
