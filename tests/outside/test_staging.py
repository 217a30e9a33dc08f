"""Files that are written whole: what a killed run leaves next to them is swept later, and nothing else is."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from yolopatch.outside.files import staging
from yolopatch.outside.files.staging import new_part, remove_all, staged, write_all, write_whole
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

TWO_HOURS = 7200


def _left_behind(path: Path, age: int = TWO_HOURS) -> Path:
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.mark.parametrize("suffix", [".part", ".pt", ".tar-gz", ""])
def test_an_old_part_of_a_killed_run_is_swept_by_the_next_write(suffix, tmp_path):
    old = _left_behind(new_part(tmp_path, suffix))
    write_whole(tmp_path / "model.yaml", b"nc: 80")
    assert not old.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model.yaml"]


def test_a_part_that_may_still_be_written_stays(tmp_path):
    young = _left_behind(new_part(tmp_path, ".pt"), age=60)
    write_whole(tmp_path / "model.yaml", b"nc: 80")
    assert young.exists()


@pytest.mark.parametrize("name", [".0a1b2c3d.pt", ".yolopatch-new", "yolopatch-0a1b2c3d.pt", ".yolopatch-mine.pt"])
def test_no_file_of_the_users_is_swept(name, tmp_path):
    theirs = _left_behind(tmp_path / name)
    with staged(tmp_path / "best.pt") as path:
        path.write_bytes(b"whole")
    assert theirs.exists()


def test_a_half_made_data_set_is_swept(tmp_path):
    old = new_part(tmp_path, "")
    (old / "images").mkdir(parents=True)
    os.utime(old, (time.time() - TWO_HOURS,) * 2)
    make_shapes(ShapesRequest(tmp_path / "shapes", images=4))
    assert [path.name for path in tmp_path.iterdir()] == ["shapes"]


def _fails_at(monkeypatch, number: int) -> None:
    """Let a rename fail, and every write after it, as on a disk that is full from then on."""
    real, done = staging.move, []

    def move(source, target):
        done.append(target)
        if len(done) == number:
            monkeypatch.setattr(staging, "_write_new", full)
            monkeypatch.setattr(Path, "write_bytes", full)
            full()
        real(source, target)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging, "move", move)


def _contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_several_files_are_written_or_none_also_where_the_disk_is_full_from_then_on(number, tmp_path, monkeypatch):
    before = {"a": "mine", "b": "also mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    _fails_at(monkeypatch, number)
    with pytest.raises(OSError, match="No space left"):
        write_all({tmp_path / name: b"new" for name in ("a", "new/folder/c", "b")})
    monkeypatch.undo()
    assert _contents(tmp_path) == before
    assert not (tmp_path / "new").exists()
    write_all({tmp_path / name: b"new" for name in ("a", "new/folder/c", "b")})
    assert _contents(tmp_path) == dict.fromkeys(("a", "new/folder/c", "b"), "new")


@pytest.mark.parametrize("number", [1, 2])
def test_several_files_are_removed_or_none(number, tmp_path, monkeypatch):
    before = {"a": "x", "b": "y"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in before]
    _fails_at(monkeypatch, number)
    with pytest.raises(OSError, match="No space left"):
        remove_all(files)
    monkeypatch.undo()
    assert _contents(tmp_path) == before
    remove_all(files)
    assert _contents(tmp_path) == {}
