"""Say of a command that fails half-way what it has made and keeps, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.files.system_errors import machine_error


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Let an error of the block say that a folder stays as far as it was made, and that the same command goes on there.

    A conflict is left as it is: nothing of the folder was made then.

    Raises:
        YolopatchError: in place of an error of the system that a state of the machine causes.
    """
    kept = f"kept: {folder}; the same command goes on from it"
    try:
        yield
    except ConflictError:
        raise
    except YolopatchError as error:
        error.details = (*error.details, *([kept] if kept not in error.details else []))
        raise
    except OSError as error:
        found = machine_error(error)
        if found is None:
            raise
        found.details = (kept,)
        raise found from error
