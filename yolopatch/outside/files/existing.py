"""Files that a user names and a command reads."""

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
