"""Write a file so that whoever reads it sees the old content or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(file: Path, data: bytes, mode: int | None = None) -> None:
    """Write beside the place, then switch.

    Args:
        file: in a folder that is there.
        data: its content.
        mode: its permissions; None for the user's usual ones.

    Raises:
        OSError: the place cannot be written; nothing was changed.
    """
    # a short name of its own: the file's may be as long as the file system allows
    staged = file.with_name(f".{secrets.token_hex(4)}.part")
    try:
        with staged.open("xb") as stream:
            stream.write(data)
        if mode is not None:
            staged.chmod(mode)
        os.replace(staged, file)
    finally:
        staged.unlink(missing_ok=True)


@contextmanager
def staged(file: Path) -> Iterator[Path]:
    """Give a path beside the place, for another process to write; it is put there when the block ends well.

    Args:
        file: in a folder that is there. The path ends as it does: some programs go by that.

    Raises:
        OSError: the place cannot be written; nothing was changed.
    """
    path = file.with_name(f".{secrets.token_hex(4)}{file.suffix}")
    try:
        yield path
        os.replace(path, file)
    finally:
        path.unlink(missing_ok=True)
