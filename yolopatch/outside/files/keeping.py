"""Say of a command that fails half-way, or at its end, what it has made or changed, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.files.system_errors import machine_error
from yolopatch.wire import shell


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Let an error of the block say that a folder stays as far as it was made, and that the same command goes on there.

    A conflict is left as it is: nothing of the folder was made then.

    Raises:
        YolopatchError: in place of an error of the system that a state of the machine causes.
    """
    with _telling(goes_on_from(folder), unless=ConflictError):
        yield


def goes_on_from(folder: Path) -> str:
    """Return the line of an error that says that a folder stays as far as it was made."""
    return f"kept: {folder}; the same command goes on from it"


@contextmanager
def after_change(workspace: Path) -> Iterator[None]:
    """Let an error of the block say that the workspace has changed already: only the report of it is missing.

    Raises:
        YolopatchError: in place of an error of the system that a state of the machine causes.
    """
    look = shell.join(["yolopatch", "status", workspace])
    with _telling(f"changed: {workspace} is as it was asked for, and only the report failed; see it: {look}"):
        yield


@contextmanager
def _telling(line: str, unless: type[YolopatchError] | tuple[()] = ()) -> Iterator[None]:
    """Add a line to the details of the block's errors."""
    try:
        yield
    except unless:
        raise
    except YolopatchError as error:
        error.details = (*error.details, *([line] if line not in error.details else []))
        raise
    except OSError as error:
        found = machine_error(error)
        if found is None:
            raise
        found.details = (line,)
        raise found from error
