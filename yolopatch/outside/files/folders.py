"""Rename, link and remove, also where Windows refuses it, and list what others may be removing at the same time."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_PATIENCE, _PAUSE = 5.0, 0.05  # seconds


def move(source: Path, target: Path) -> None:
    """Rename a file or a folder; a file at the target is replaced.

    Windows renames nothing that is open, and virus scanners and indexers open every new file for a moment: wait for
    them.

    Raises:
        OSError: it cannot be renamed.
    """
    end = time.monotonic() + (_PATIENCE if sys.platform == "win32" else 0)
    while True:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)


def link(file: Path, name: Path) -> None:
    """Give a file another name: by a link, or by a copy where the user has no right to make links, as on Windows.

    Raises:
        OSError: the file cannot be read, or its copy not be written.
    """
    try:
        name.symlink_to(file.absolute())
    except OSError:
        shutil.copyfile(file, name)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder; those that are removed meanwhile have none."""
    total = 0
    for path in entries_below(folder):
        with suppress(OSError):
            found = path.lstat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def entries_below(folder: Path) -> Iterator[Path]:
    """Yield every file and folder below a folder; one that is removed meanwhile, or may not be read, has none."""
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=_remove_read_only)
    else:
        shutil.rmtree(folder, onerror=_remove_read_only)


def _remove_read_only(function: Callable[..., Any], path: str, _: object) -> None:
    """Remove a file that was not removed: git's objects are read-only, and Windows removes no such file."""
    if sys.platform == "win32" and function is os.unlink:
        with suppress(OSError):
            os.chmod(path, stat.S_IREAD | stat.S_IWRITE)
            os.unlink(path)
