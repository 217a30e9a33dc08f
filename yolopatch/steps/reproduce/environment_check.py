"""Find what would stop a run of a reproduction, before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.steps.reproduce.repeat import run_command
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunRequest
from yolopatch.steps.training.trainable import require_trainable


def require_runnable(reproduction: Reproduction, run: RunRequest) -> None:
    """Check that the pin can train to the end in the interpreter.

    Args:
        reproduction: the folder, its pin and its interpreter.
        run: the options of the run, for the command in the hint.

    Raises:
        YolopatchError: something would fail; `details` says what and where.
    """
    require_trainable(
        reproduction.workspace.pin,
        reproduction.interpreter,
        compat=reproduction.record.compat,
        tree=reproduction.workspace.path,
        with_compat=_with_compat(reproduction, run),
    )


def _with_compat(reproduction: Reproduction, run: RunRequest) -> str:
    """Return the command for a folder with the compatibility patch: an existing folder cannot get it later."""
    asked, other = reproduction.asked, Path(f"{reproduction.folder}-{COMPAT.name}")
    return run_command(replace(asked, fix_patches=(*asked.fix_patches, COMPAT), dest=other), run)
