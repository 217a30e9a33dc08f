"""Folders that a run holds while it lives: so the next run knows what a killed one left, and removes it."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.files.lock import hold_lock, try_lock
from yolopatch.wire import shell

HELD = ".yolopatch.lock"  # in the folder, locked as long as it is in use
_OLD = 3600  # seconds without a change after which nobody is still writing
_ELSEWHERE = f"choose another folder for temporary files: {shell.set_variable('TMPDIR', 'DIR')}"
_TEMPORARY = re.compile(r"yolopatch-\w{8}\.tmp")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give an empty temporary folder; it is removed at the end. What killed runs left an hour ago is removed, too."""
    place = Path(tempfile.gettempdir())
    sweep(place, lambda name: _TEMPORARY.fullmatch(name) is not None and is_old(place / name))
    with held_folder(_make_temporary, _ELSEWHERE) as folder:
        yield folder


def _make_temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="yolopatch-", suffix=".tmp"))


@contextmanager
def held_folder(make: Callable[[], Path], elsewhere: str) -> Iterator[Path]:
    """Give an empty folder inside a folder that other runs leave alone; both are removed at the end.

    Args:
        make: makes an empty folder, at each call another one.
        elsewhere: as for `hold_lock`.

    Raises:
        YolopatchError: it cannot be made or locked.
    """
    with ExitStack() as ending:
        outer = make()
        ending.callback(_remove_empty, outer)  # after the lock was released: Windows removes no file that is open
        while not _take(outer, ending, elsewhere):
            outer = make()
            ending.callback(_remove_empty, outer)
        # processes that a killed process had started may write there for another moment
        with tempfile.TemporaryDirectory(prefix="", dir=outer, ignore_cleanup_errors=True) as folder:
            yield Path(folder)


def _take(folder: Path, held: ExitStack, elsewhere: str) -> bool:
    """Hold a new folder; return False if another run has just removed it, as it was not held yet."""
    lock = folder / HELD
    try:
        held.enter_context(hold_lock(lock, elsewhere))
    except YolopatchError:
        if not folder.exists():
            return False
        raise
    return lock.exists()


def _remove_empty(folder: Path) -> None:
    """Remove a folder that nobody holds any more; with files that are still in use, it is left to a later run."""
    with suppress(OSError):
        if {entry.name for entry in folder.iterdir()} <= {HELD}:
            remove_tree(folder)


def is_old(path: Path) -> bool:
    """Return whether a file or folder was last changed so long ago that nobody is still writing it."""
    try:
        return time.time() - path.lstat().st_mtime > _OLD
    except FileNotFoundError:
        return False  # whoever wrote it has just removed it


def sweep(folder: Path, is_ours: Callable[[str], bool]) -> bool:
    """Remove what killed runs of this user left in a folder; return whether there was anything.

    A folder with a lock was left if nobody holds it; whatever has none, if it is old.

    Args:
        folder: the folder; it need not exist.
        is_ours: tells by its name whether a file or folder is one of ours.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return False  # a user may write in a folder that cannot be listed
    return sum(_remove_left(folder / name) for name in names if is_ours(name)) > 0


def _remove_left(path: Path) -> bool:
    with suppress(OSError, NotImplementedError):  # it is in use, or cannot be removed: it harms nobody
        if not is_mine(path):
            return False
        if (path / HELD).is_file() and not path.is_symlink():
            return _remove_unheld(path)
        if is_old(path):
            _remove(path)
        else:
            path.rmdir()  # empty: it is not held yet, and its maker makes another one
        return not os.path.lexists(path)
    return False


def is_mine(path: Path) -> bool:
    """Return whether a file or folder belongs to this user. Windows has a folder for temporary files for each user."""
    return sys.platform == "win32" or path.lstat().st_uid == os.geteuid()


def _remove_unheld(folder: Path) -> bool:
    with try_lock(folder / HELD) as free:
        if not free:
            return False
        remove_tree(folder)
    remove_tree(folder)  # Windows removes no file that is open
    return not folder.exists()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink()
