"""The locks of a workspace. They lie in its .git, so that no cache matters for them, and git does not show them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.files.staging import is_part, staging_folder
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.workspace.workspace import OUR_LOCKS, read_workspace
from yolopatch.wire import shell

LOCK, RUNS_LOCK = OUR_LOCKS
_ANOTHER_DISK = "name a folder on another disk: --dest DIR"


@contextmanager
def hold_workspace(path: Path, name: str = LOCK) -> Iterator[None]:
    """Hold a lock of a workspace while the block runs; wait first if another process holds it.

    Raises:
        NoWorkspaceError: the folder is not a workspace; nothing was written there.
        YolopatchError: another process still holds the lock, or it cannot be taken.
    """
    if not lock_file(path).exists():
        read_workspace(path)
    what = f"the runs of {path}" if name == RUNS_LOCK else f"the workspace {path}"
    with hold_lock(lock_file(path, name), _elsewhere(path), what=what):
        yield


def make_lock(path: Path) -> None:
    """Make the lock file of a new workspace: so a command that is refused there writes nothing."""
    with hold_lock(lock_file(path), _ANOTHER_DISK):
        pass


def require_lock(path: Path) -> None:
    """Check that a workspace at this path, made or not, can be locked: before a command writes anything else.

    Raises:
        YolopatchError: its file system has no locks, its folder cannot be written, or another process holds the lock
            of the workspace for too long.
    """
    if lock_file(path).exists():
        with hold_workspace(path):
            return
    place = next(folder for folder in path.absolute().parents if folder.is_dir())
    try:
        with staging_folder(place, _ANOTHER_DISK):  # it is locked while it is there
            return
    except OSError as error:
        raise YolopatchError(
            f"cannot write to {place}: {error.strerror}; nothing was changed",
            hint=advice(number_of(error), place, _ANOTHER_DISK),
        ) from error


def lock_file(path: Path, name: str = LOCK) -> Path:
    """Return the path of a lock of a workspace."""
    return path / ".git" / name


def _elsewhere(path: Path) -> str:
    """Return what the user can do where it cannot be locked: of a workspace that is being made, there is no copy."""
    if any(is_part(name) for name in path.parts):
        return _ANOTHER_DISK
    return f"work in a copy of it: {shell.copy_folder(path, 'DIR')}"
