"""Before a command writes elsewhere for a workspace, it finds out whether the workspace can be made and locked."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from yolopatch.errors import YolopatchError
from yolopatch.outside.files import lock as locks
from yolopatch.outside.workspace.lock import require_lock


def test_a_place_that_can_be_locked_is_left_as_it_was(tmp_path):
    require_lock(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    def without_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_acquired", without_locks)
    with pytest.raises(YolopatchError, match="has no locks") as raised:
        require_lock(tmp_path / "w")
    assert "--dest DIR" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody may write is Linux's")
def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(YolopatchError, match=r"cannot write to /proc/1: .*; nothing was changed"):
        require_lock(Path("/proc/1/w"))
