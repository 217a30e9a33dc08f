"""Locks: one yolopatch at a time for each cache entry and each workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from yolopatch.errors import YolopatchError
from yolopatch.wire import shell

PATIENCE = 600  # seconds; longer than the download of any pin


@contextmanager
def hold_lock(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a lock while the block runs; wait first if another process holds it.

    Args:
        path: the lock file.
        patience: how many seconds to wait.

    Raises:
        YolopatchError: another process still holds it, or the folder is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=patience)
        lock.acquire()
    except Timeout as error:
        raise YolopatchError(
            f"another yolopatch has held {path} for {patience:.0f} s", hint="wait for it or end it, then run this again"
        ) from error
    except OSError as error:
        raise YolopatchError(
            f"cannot write in {path.parent}: {error.strerror}",
            hint="free some space, or choose a cache folder that you can write to: "
            + shell.set_variable("YOLOPATCH_CACHE", "DIR"),
        ) from error
    try:
        yield
    finally:
        lock.release()
