"""Find what would fail in a training, before it starts."""

from __future__ import annotations

import shlex

from yolopatch.errors import YolopatchError
from yolopatch.steps.environment.faults import ERROR, Fault, find_faults
from yolopatch.steps.environment.interpreters import require_importable
from yolopatch.steps.reproduce.reproduction import Reproduction


def require_trainable(reproduction: Reproduction) -> None:
    """Check that the pin can train to the end in the interpreter.

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
            hint=_with_compat(reproduction) if compat_helps else errors[0].hint,
        )


def _errors(reproduction: Reproduction, compat: bool) -> list[Fault]:
    faults = find_faults(reproduction.workspace.pin, compat, reproduction.interpreter, reproduction.workspace.path)
    return [one for one in faults if one.severity == ERROR]


def _with_compat(reproduction: Reproduction) -> str:
    """Return the command for a folder with the compatibility patch: an existing folder cannot get it later."""
    record = reproduction.record
    other = shlex.quote(f"{reproduction.folder}-compat")
    return f"yolopatch reproduce {record.tutorial} --flavor {record.flavor} --compat --dest {other} --run"
