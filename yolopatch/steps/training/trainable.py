"""Find what would fail in a training, before it starts."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.pins import Pin
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.environment.faults import ERROR, Fault, find_faults
from yolopatch.steps.environment.interpreters import require_importable


def require_trainable(pin: Pin, interpreter: Interpreter, *, compat: bool, tree: Path | None, with_compat: str) -> None:
    """Check that the pin can train to the end in the interpreter.

    Args:
        pin, interpreter: what trains.
        compat: whether the compatibility patch is applied.
        tree: the checkout of the pin; None where there is none yet.
        with_compat: how the user gets the compatibility patch, where that is all that is missing.

    Raises:
        YolopatchError: something would fail; `details` says what and where.
    """
    errors = _errors(pin, interpreter, compat, tree)
    if errors:
        compat_helps = not compat and not _errors(pin, interpreter, True, tree)
        if not compat_helps:
            require_importable(pin, interpreter, compat=compat, tree=tree)
        raise YolopatchError(
            f"{pin.name} cannot train to the end in {interpreter.executable}; no training was started",
            details=[f"{one.what}{f' ({one.where})' if one.where else ''}" for one in errors],
            hint=with_compat if compat_helps else errors[0].hint,
        )


def _errors(pin: Pin, interpreter: Interpreter, compat: bool, tree: Path | None) -> list[Fault]:
    return [one for one in find_faults(pin, compat, interpreter, tree) if one.severity == ERROR]
