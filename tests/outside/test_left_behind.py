"""What killed runs leave in the folder for temporary files and in the cache is swept; what others have there is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yolopatch.errors import SourceError
from yolopatch.outside.files import logs
from yolopatch.outside.files.held import HELD, held_folder, temporary_folder
from yolopatch.outside.files.staging import new_part
from yolopatch.outside.source import releases

TWO_HOURS = 7200
KILLED = """
import os, signal
from yolopatch.outside.files.held import temporary_folder
with temporary_folder() as folder:
    (folder / "half").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def tmp(tmp_path, monkeypatch) -> Path:
    """The folder for temporary files, of this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def _age(path: Path) -> Path:
    os.utime(path, (time.time() - TWO_HOURS,) * 2, follow_symlinks=False)
    return path


def _folder(path: Path, *names: str) -> Path:
    path.mkdir(parents=True)
    for name in names:
        (path / name).write_bytes(b"")
    return path


def test_nothing_is_left_of_a_run_that_ends_or_fails(tmp):
    with temporary_folder() as folder:
        assert list(folder.iterdir()) == []
        (folder / "deep").mkdir()
    with pytest.raises(KeyboardInterrupt), temporary_folder():
        raise KeyboardInterrupt
    assert list(tmp.iterdir()) == []


def test_the_folder_of_a_killed_run_is_swept_when_it_is_old(tmp):
    subprocess.run([sys.executable, "-c", KILLED], check=False)
    (left,) = tmp.iterdir()
    with temporary_folder():
        assert left.exists(), "somebody may want to look at it"
    _age(left)
    with temporary_folder():
        assert not left.exists()


def test_a_folder_that_is_still_held_stays_however_old_it_is(tmp):
    with temporary_folder() as folder:
        _age(folder.parent)
        with temporary_folder():
            assert folder.exists()


def test_a_folder_that_was_swept_before_it_was_held_is_made_again(tmp):
    made = iter([tmp / "swept", _folder(tmp / "made")])
    with held_folder(lambda: next(made), "do something else") as folder:
        assert folder.parent.name == "made"


def test_a_run_that_was_killed_before_it_held_its_folder(tmp):
    left = _age(_folder(tmp / "yolopatch-a1b2c3d4.tmp"))
    with temporary_folder():
        assert not left.exists()


@pytest.mark.parametrize("name", ["yolopatch-training", "yolopatch-a1b2c3d4", "yolopatch-mine.tmp", "a1b2c3d4.tmp"])
def test_a_folder_of_the_users_stays(name, tmp):
    theirs = _age(_folder(tmp / name, HELD, "mine"))
    with temporary_folder():
        assert (theirs / "mine").exists()


def test_where_a_link_leads_to_stays(tmp, tmp_path):
    theirs = _folder(tmp_path / "theirs", HELD, "mine")
    (tmp / "yolopatch-a1b2c3d4.tmp").symlink_to(theirs)
    _age(tmp / "yolopatch-a1b2c3d4.tmp")
    with temporary_folder():
        assert (theirs / "mine").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder to another user")
def test_the_folder_of_another_user_stays(tmp):
    theirs = _folder(tmp / "yolopatch-a1b2c3d4.tmp", HELD)
    os.chown(_age(theirs), 65534, 65534)
    with temporary_folder():
        assert theirs.exists()


def test_a_half_downloaded_wheel_is_swept_by_the_next_download(tmp_path, monkeypatch):
    place = tmp_path / "wheels" / "ultralytics-9.9.9"
    left = _folder(new_part(_folder(place), ""), HELD, "half.whl")

    def unreachable(*_):
        assert not left.exists()
        raise SourceError("the index cannot be reached")

    monkeypatch.setattr(releases, "download_version", unreachable)
    with pytest.raises(SourceError):
        releases.find_release("ultralytics==9.9.9", tmp_path)
    assert list(place.iterdir()) == []


def test_the_newest_logs_of_bugs_are_kept(tmp):
    older = [tmp / f"yolopatch-20200101-0000{second:02}-1.log" for second in range(12)]
    mine = tmp / "yolopatch-notes.log"
    for file in (*older, mine):
        file.write_text("old")
    log = logs.write_log("Traceback")
    assert sorted(tmp.iterdir()) == sorted([*older[3:], mine, log])
    assert log.read_text() == "Traceback"


def test_a_log_is_not_written_through_a_link(tmp, tmp_path, monkeypatch):
    monkeypatch.setattr(logs.time, "strftime", lambda _: "20200101-000000")
    (tmp / f"yolopatch-20200101-000000-{os.getpid()}.log").symlink_to(tmp_path / "theirs")
    with pytest.raises(FileExistsError):
        logs.write_log("Traceback")
    assert not (tmp_path / "theirs").exists()
