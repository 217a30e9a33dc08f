"""Write a file so that whoever reads it sees the old content or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write beside the place, then switch; folders above it are made.

    Raises:
        OSError: the place cannot be written; nothing was changed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # a short name of its own: the file's may be as long as the file system allows
    staged = file.with_name(f".{secrets.token_hex(4)}.part")
    try:
        staged.write_bytes(data)
        os.replace(staged, file)
    finally:
        staged.unlink(missing_ok=True)
