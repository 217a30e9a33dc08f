"""Files that a command is asked to write where the user says."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from yolopatch.errors import ConflictError, UsageError, YolopatchError


def require_writable(file: Path) -> None:
    """Find out that a file can be written before the work that fills it.

    Raises:
        UsageError: it is a folder, or would lie in a folder that is not there.
        YolopatchError: nothing can be written in its folder.
    """
    if file.is_dir():
        raise UsageError(f"{file} is a folder", hint=f"name a file in it, e.g. {file / 'report.html'}")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", hint=f"mkdir -p {shlex.quote(str(file.parent))}")
    try:
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise YolopatchError(
            f"{file} cannot be written: {error.strerror}", hint="make room, or name a file in another folder"
        ) from error


def require_free(file: Path, overwrite: bool) -> None:
    """Find out that a file can be written, and is not there already unless it is to be replaced.

    Raises:
        ConflictError: it is there.
        as `require_writable`.
    """
    require_writable(file)
    if file.exists() and not overwrite:
        raise ConflictError(
            f"{file} is there already; nothing was changed", hint="name another file, or add --overwrite"
        )
