"""When a check runs, and when the base model is checked too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The conditions of a check.

    Attributes:
        needs_model: the check is skipped where the model does not build.
        needs_run: the check is skipped where the model does not run on one square image.
        asks_base: where the check fails, it runs on the base model too. If that fails as well, upstream and not the
            module is to blame: the failure becomes a warning that says so.
    """

    needs_model: bool = True
    needs_run: bool = True
    asks_base: bool = True
