"""Files that a command reads: those that a user names, and those that may not be there yet."""

from __future__ import annotations

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


def read_if_there(file: Path) -> bytes | None:
    """Return the content of a file, None where there is none; in one step, for who reads thousands."""
    try:
        with file.open("rb", buffering=0) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
