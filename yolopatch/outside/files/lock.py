"""Locks: one yolopatch at a time for each cache entry and each workspace."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.wire import shell

if TYPE_CHECKING:
    from filelock import BaseFileLock

_log = logging.getLogger(__name__)
_SILENT = 1.5  # seconds of waiting of which nothing is said
PATIENCE = 600  # seconds; longer than the download of any pin
ANOTHER_CACHE = f"choose another cache folder: {shell.set_variable('YOLOPATCH_CACHE', 'DIR')}"


class _HeldError(Exception):
    """Another process has the lock, and has not released it in time."""


@contextmanager
def hold_lock(path: Path, elsewhere: str, patience: float = PATIENCE, what: str = "") -> Iterator[None]:
    """Hold a lock while the block runs; wait first if another process holds it, and log soon that this waits.

    Args:
        path: the lock file; its folder exists.
        elsewhere: what the user can do where it cannot be locked, with a command.
        patience: how many seconds to wait.
        what: what it keeps for one process, in words; "" for its path.

    Raises:
        YolopatchError: another process still holds it, the folder is not writable, or its file system has no locks.
    """
    try:
        lock = _acquired(path, patience, what or str(path))
    except _HeldError as error:
        raise YolopatchError(
            f"another yolopatch{_holder(path)} has held {path} for {patience:.0f} s",
            hint="wait for it or end it, then run this again",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise _lock_error(path, error, elsewhere) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def hold_cache_lock(cache: Path, name: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of an entry of the cache, as `hold_lock`."""
    path = cache / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _lock_error(path, error, ANOTHER_CACHE) from error
    with hold_lock(path, ANOTHER_CACHE, patience, f"{name} in the cache {cache}"):
        yield


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold an existing lock while the block runs, unless another process holds it; gives whether.

    Raises:
        OSError, NotImplementedError: it cannot be told.
    """
    try:
        lock = _acquired(path, 0, "")
    except _HeldError:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock_error(path: Path, error: OSError | NotImplementedError, elsewhere: str) -> YolopatchError:
    if isinstance(error, NotImplementedError):  # older versions of the library say this in place of ENOSYS
        error = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        return YolopatchError(f"the file system of {path.parent} has no locks: {error.strerror}", hint=elsewhere)
    hint = advice(number_of(error), path.parent, elsewhere)
    return YolopatchError(f"cannot write in {path.parent}: {error.strerror}", hint=hint)


def _acquired(path: Path, patience: float, what: str) -> BaseFileLock:
    import filelock  # imported late: many commands lock nothing, and start-up time is part of the product

    # whoever may write in the folder may take the lock, whatever the umask of the user who made it
    lock = filelock.FileLock(path, timeout=min(patience, _SILENT), mode=path.parent.stat().st_mode & 0o666)
    with warnings.catch_warnings():
        # where a file system has no locks, newer versions of the library take the file's existence for one, and say so
        warnings.simplefilter("ignore", UserWarning)
        try:
            _acquire(lock, filelock.Timeout, path, patience, what)
        except filelock.Timeout as error:
            raise _HeldError from error
    return lock


def _acquire(lock: BaseFileLock, held: type[Exception], path: Path, patience: float, what: str) -> None:
    try:
        lock.acquire()
    except held:
        if patience <= _SILENT:
            raise
        _log.info("%s", f"waiting for {what}: another yolopatch{_holder(path)} works on it")
        lock.acquire(timeout=patience - _SILENT)


def _holder(path: Path) -> str:
    """Return which process holds a lock, in words: ` (process 4711)`; "" where the system does not tell."""
    if sys.platform != "linux":
        return ""
    with suppress(OSError, ValueError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            # `1: FLOCK  ADVISORY  WRITE 4711 fd:01:131342 0 EOF`; with -> before FLOCK, that process waits
            words = line.split()
            if words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode and int(words[4]) > 0:
                return f" (process {words[4]})"
    return ""
