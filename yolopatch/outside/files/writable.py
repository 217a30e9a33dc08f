"""Checks before writing a file that the user has named."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.wire import shell


def require_writable(file: Path) -> None:
    """Check that a file can be written, before the work that computes its content.

    Raises:
        UsageError: it is a folder, or its folder does not exist.
        YolopatchError: its folder is not writable.
    """
    if file.is_dir():
        raise UsageError(f"{file} is a folder", hint=f"name a file in it, e.g. {file / 'report.html'}")
    if not file.parent.is_dir():
        raise UsageError(f"the folder {file.parent} does not exist", hint=shell.make_folder(file.parent))
    try:
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise YolopatchError(
            f"{file} cannot be written: {error.strerror}",
            hint=advice(number_of(error), file.parent, "name a file in another folder"),
        ) from error


def require_free(file: Path, overwrite: bool) -> None:
    """Check that a file can be written, and does not exist unless it may be overwritten.

    Raises:
        ConflictError: it exists.
        UsageError, YolopatchError: as `require_writable`.
    """
    require_writable(file)
    if file.exists() and not overwrite:
        raise ConflictError(f"{file} already exists; nothing was changed", hint="name another file, or add --overwrite")


def require_free_in(folder: Path, files: Sequence[Path], overwrite: bool) -> None:
    """Check that files can be written into a folder, which need not exist, as `require_free`.

    Raises:
        UsageError: the folder, or what it lies in, is a file.
        ConflictError, YolopatchError: as `require_free`.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file, not a folder", hint="name another folder with --out")
    for file in files if there == folder else (there / files[0].name,):
        require_free(file, overwrite or there != folder)
