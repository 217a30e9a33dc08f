"""Files that are written whole: what a killed run leaves next to them is swept later, and nothing else is."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from yolopatch.errors import ConflictError
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


NEW = ("new/a", "new/folder/b", "new/c")


def _made(folder: Path) -> dict[str, str]:
    return {name: text for name, text in _contents(folder).items() if not name.startswith(".yolopatch-")}


def test_a_kill_leaves_all_files_of_a_missing_folder_or_none(tmp_path, monkeypatch):
    real, states = staging.move, []

    def move(source, target):
        states.append(_made(tmp_path))  # what a kill would leave here
        real(source, target)
        states.append(_made(tmp_path))

    monkeypatch.setattr(staging, "move", move)
    write_all({tmp_path / name: b"new" for name in NEW})
    assert states == [{}, dict.fromkeys(NEW, "new")]
    assert list(tmp_path.iterdir()) == [tmp_path / "new"]


def test_the_last_file_comes_last_also_where_its_folder_has_others(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    real, moved = staging.move, []
    monkeypatch.setattr(staging, "move", lambda source, target: (moved.append(target), real(source, target)))
    write_all({tmp_path / name: b"new" for name in ("new/source", "there/patch", "new/entry")})
    assert moved == [tmp_path / "there/patch", tmp_path / "new"]


@pytest.fixture
def another_makes_the_folder(tmp_path, monkeypatch):
    """Let another process make the missing folder, with a file, right before it would get its name."""
    real = staging.move

    def make(name: str) -> None:
        def move(source, target):
            monkeypatch.setattr(staging, "move", real)
            (tmp_path / name).parent.mkdir()
            (tmp_path / name).write_text("theirs")
            real(source, target)

        monkeypatch.setattr(staging, "move", move)

    return make


@pytest.mark.parametrize("name", ["new/theirs", "new/a"])
def test_files_go_into_a_folder_that_another_process_has_just_made(name, tmp_path, another_makes_the_folder):
    another_makes_the_folder(name)
    write_all({tmp_path / name: b"new" for name in NEW})
    assert _contents(tmp_path) == {name: "theirs", **dict.fromkeys(NEW, "new")}


def test_a_file_that_another_process_has_just_written_stays_unless_it_may_be_replaced(
    tmp_path, another_makes_the_folder
):
    another_makes_the_folder("new/c")
    with pytest.raises(ConflictError, match="new/c already exists"):
        write_all({tmp_path / name: b"new" for name in NEW}, overwrite=False)
    assert _contents(tmp_path) == {"new/c": "theirs"}


def test_a_new_folder_that_another_run_has_swept_while_it_was_empty_is_made_again(tmp_path, monkeypatch):
    real = staging._write_new

    def swept(path, data):
        monkeypatch.setattr(staging, "_write_new", real)
        path.parent.rmdir()
        real(path, data)

    monkeypatch.setattr(staging, "_write_new", swept)
    write_all({tmp_path / name: b"new" for name in NEW})
    assert _contents(tmp_path) == dict.fromkeys(NEW, "new")


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
