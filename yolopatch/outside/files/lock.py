"""One yolopatch at a time per cache entry and per workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from yolopatch.errors import YolopatchError

PATIENCE = 600  # seconds; longer than any download of a pin takes


@contextmanager
def hold_lock(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file while the block runs, waiting for another holder to finish.

    Raises:
        YolopatchError: another process holds it for `patience` seconds, or the folder is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=patience)
        lock.acquire()
    except Timeout as error:
        raise YolopatchError(
            f"another yolopatch has held {path} for {patience:.0f} s", hint="end it, then run this again"
        ) from error
    except OSError as error:
        raise YolopatchError(
            f"cannot write in {path.parent}: {error.strerror}",
            hint="make room, or name a cache folder that you can write to: export YOLOPATCH_CACHE=DIR",
        ) from error
    try:
        yield
    finally:
        lock.release()
