"""Find what would fail in a training, before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.errors import YolopatchError
from yolopatch.steps.environment.faults import ERROR, Fault, find_faults
from yolopatch.steps.environment.interpreters import require_importable
from yolopatch.steps.reproduce.repeat import run_command
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunRequest


def require_trainable(reproduction: Reproduction, run: RunRequest) -> None:
    """Check that the pin can train to the end in the interpreter.

    Args:
        reproduction: the folder, its pin and its interpreter.
        run: the options of the run, for the command in the hint.

    Raises:
        YolopatchError: something would fail; `details` says what and where.
    """
    pin, compat, tree = reproduction.workspace.pin, reproduction.record.compat, reproduction.workspace.path
    errors = _errors(reproduction, compat)
    if errors:
        compat_helps = not compat and not _errors(reproduction, True)
        if not compat_helps:
            require_importable(pin, reproduction.interpreter, compat=compat, tree=tree)
        python = reproduction.interpreter.executable
        raise YolopatchError(
            f"{pin.name} cannot train to the end in {python}; no training was started",
            details=[f"{one.what}{f' ({one.where})' if one.where else ''}" for one in errors],
            hint=_with_compat(reproduction, run) if compat_helps else errors[0].hint,
        )


def _errors(reproduction: Reproduction, compat: bool) -> list[Fault]:
    faults = find_faults(reproduction.workspace.pin, compat, reproduction.interpreter, reproduction.workspace.path)
    return [one for one in faults if one.severity == ERROR]


def _with_compat(reproduction: Reproduction, run: RunRequest) -> str:
    """Return the command for a folder with the compatibility patch: an existing folder cannot get it later."""
    asked, other = reproduction.asked, Path(f"{reproduction.folder}-{COMPAT.name}")
    return run_command(replace(asked, fix_patches=(*asked.fix_patches, COMPAT), dest=other), run)
