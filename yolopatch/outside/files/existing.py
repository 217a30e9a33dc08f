"""Files that a command reads: those that a user names, and those that may not be there yet."""

from __future__ import annotations

import os
from pathlib import Path

from yolopatch.errors import UsageError

BASE_CHECKPOINT_HINT = "download the base model's .pt file from upstream's releases, or name one of your own"


def require_file(file: Path, kind: str, hint: str) -> None:
    """Check that a file exists.

    Args:
        file: the path that the user gave.
        kind: what it should be, for the message: `checkpoint`.
        hint: what to do without it.

    Raises:
        UsageError: it does not exist, or is a folder.
    """
    if not file.is_file():
        raise UsageError(f"no {kind} {file}", details=["found: a folder"] if file.is_dir() else [], hint=hint)


def read_if_there(file: Path | str) -> bytes | None:
    """Return the content of a file, None where there is none; in one step, for who reads thousands."""
    try:
        with open(file, "rb", buffering=0) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def stamp_of(file: Path | str) -> list[int] | None:
    """Return numbers that are others once a file was written, or put in the place of one; None where there is none.

    The second time is set by the system alone, whatever time somebody gives the file; on Windows it says nothing.
    """
    try:
        found = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]
