"""What a check needs, and whom it is asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """When a check is run.

    Attributes:
        needs_model: it is skipped where the model does not build.
        needs_run: it is skipped where the model does not run on one square image.
        asks_base: where it fails, it is asked about the base model too: what upstream's own model does as well
            is no fault of the module, and becomes a warning that says so.
    """

    needs_model: bool = True
    needs_run: bool = True
    asks_base: bool = True
