"""Find out before training, not after, what would fail in it."""

from __future__ import annotations

import shlex

from yolopatch.errors import YolopatchError
from yolopatch.steps.environment.faults import ERROR, Fault, find_faults
from yolopatch.steps.reproduce.reproduction import Reproduction


def require_trainable(reproduction: Reproduction) -> None:
    """Check that the pin trains to its end in the interpreter.

    Raises:
        YolopatchError: something would; what and where is in `details`.
    """
    errors = _errors(reproduction, reproduction.record.compat)
    if errors:
        pin, python = reproduction.workspace.pin, reproduction.interpreter.executable
        mended = not reproduction.record.compat and not _errors(reproduction, True)
        raise YolopatchError(
            f"{pin.name} would not train to the end in {python}; nothing was started",
            details=[f"{one.what}{f' ({one.where})' if one.where else ''}" for one in errors],
            hint=_with_compat(reproduction) if mended else errors[0].hint,
        )


def _errors(reproduction: Reproduction, compat: bool) -> list[Fault]:
    ailments = find_faults(reproduction.workspace.pin, compat, reproduction.interpreter, reproduction.workspace.path)
    return [one for one in ailments if one.severity == ERROR]


def _with_compat(reproduction: Reproduction) -> str:
    """A folder is exact or mended, and stays what it is."""
    record = reproduction.record
    other = shlex.quote(f"{reproduction.folder}-compat")
    return f"yolopatch reproduce {record.tutorial} --flavor {record.flavor} --compat --dest {other} --run"
