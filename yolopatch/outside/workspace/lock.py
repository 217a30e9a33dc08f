"""The locks of a workspace. They lie in its .git, so that no cache matters for them, and git does not show them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.files.staging import is_part
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


def lock_file(path: Path, name: str = LOCK) -> Path:
    """Return the path of a lock of a workspace."""
    return path / ".git" / name


def _elsewhere(path: Path) -> str:
    """Return what the user can do where it cannot be locked: of a workspace that is being made, there is no copy."""
    if any(is_part(name) for name in path.parts):
        return _ANOTHER_DISK
    return f"work in a copy of it: {shell.copy_folder(path, 'DIR')}"
