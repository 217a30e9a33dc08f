"""Several commands at once on one workspace, with one cache or several: as if one came after the other."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.workspace import build
from yolopatch.outside.workspace.lock import lock_file
from yolopatch.steps.workspace.apply import apply

PIN = "ultralytics-8.3.0"
MODULES = ("DSConv", "RefConv", "SPConv", "DynamicConv")


@pytest.fixture
def other_cache(need_pin, cache, tmp_path) -> Path:
    """A second cache with the same content, as another user or another machine has it."""
    need_pin(PIN)
    shutil.copytree(cache / "pins", tmp_path / "other" / "pins", copy_function=os.link)
    return tmp_path / "other"


def _apply(*modules: str, dest: Path) -> list[str]:
    chosen = [word for module in modules for word in ("--module", module)]
    return ["apply", "--repo", PIN, *chosen, "--dest", str(dest), "--json"]


def _is_sound(place: Path, git_in: Callable[..., str]) -> None:
    assert git_in(place, "status", "--porcelain", "--ignored") == ""
    assert git_in(place, "fsck", "--full", "--no-dangling") == ""
    assert git_in(place, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/yolopatch"]
    assert [path.name for path in place.parent.iterdir()] == [place.name], "nothing is left beside it"


@pytest.mark.parametrize("there", [False, True], ids=["nothing there", "an empty folder there"])
def test_the_second_of_two_that_make_a_workspace_adds_to_the_firsts(
    there, tmp_path, other_cache, yolopatch, git_in, monkeypatch
):
    place, real = tmp_path / "here" / "w", build._populate
    if there:
        place.mkdir(parents=True)

    def overtaken(*arguments):
        real(*arguments)
        monkeypatch.setattr(build, "_populate", real)
        assert apply(PIN, ["SPConv"], "paper", place, "auto", other_cache).created

    monkeypatch.setattr(build, "_populate", overtaken)
    ran = yolopatch(*_apply("DSConv", dest=place))
    assert ran.code == 0, ran.err
    assert [module["name"] for module in ran.json["modules"]] == ["DSConv", "SPConv"]
    assert (ran.json["created"], ran.json["changed"]) == (False, True)
    _is_sound(place, git_in)
    assert git_in(place, "rev-parse", "HEAD").strip() == ran.json["commit"]
    assert yolopatch(*_apply("DSConv", "SPConv", dest=tmp_path / "alone")).json["commit"] == ran.json["commit"]


def test_the_second_of_two_finishes_what_the_first_was_moving_in(tmp_path, other_cache, yolopatch, git_in, monkeypatch):
    place, real = tmp_path / "here" / "w", build._claim
    place.mkdir(parents=True)

    def overtaken(built, git):
        real(built, git)
        monkeypatch.setattr(build, "_claim", real)
        assert apply(PIN, ["SPConv"], "paper", place, "auto", other_cache).changed

    monkeypatch.setattr(build, "_claim", overtaken)
    ran = yolopatch(*_apply("DSConv", dest=place))
    assert ran.code == 0, ran.err
    assert [module["name"] for module in ran.json["modules"]] == ["DSConv"], "as it made it"
    _is_sound(place, git_in)
    assert {one["name"] for one in yolopatch("status", place, "--json").json["modules"]} == {"DSConv", "SPConv"}


def test_what_the_user_puts_there_meanwhile_is_kept(tmp_path, need_pin, yolopatch, monkeypatch):
    need_pin(PIN)
    place, real = tmp_path / "here" / "w", build._populate

    def overtaken(*arguments):
        real(*arguments)
        place.mkdir()
        (place / "mine.txt").write_text("mine")

    monkeypatch.setattr(build, "_populate", overtaken)
    ran = yolopatch(*_apply("DSConv", dest=place))
    assert ran.code == 3
    assert f"{place} is not a yolopatch workspace" in ran.err
    assert [path.name for path in place.parent.rglob("*")] == ["w", "mine.txt"]


@pytest.mark.more
def test_a_command_waits_for_the_lock_whatever_its_cache(workspace, other_cache, popen, fingerprint, monkeypatch):
    before = fingerprint(workspace)
    monkeypatch.setenv("YOLOPATCH_CACHE", str(other_cache))
    for command in (_apply("SPConv", dest=workspace), ["remove", "--module", "RefConv", workspace]):
        with FileLock(lock_file(workspace)):
            child = popen(*command)
            said = child.stderr.readline()
            assert child.poll() is None, "it waits"
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=20)
        holder = f" (process {os.getpid()})" if sys.platform == "linux" else ""
        assert said.strip() == f"note: waiting for the workspace {workspace}: another yolopatch{holder} works on it"
        assert (child.returncode, err.strip()) == (130, "interrupted")
        assert fingerprint(workspace) == before


def test_the_lock_of_a_killed_command_blocks_nobody(workspace, popen, yolopatch):
    with FileLock(lock_file(workspace)):
        child = popen(*_apply("SPConv", dest=workspace))
        time.sleep(0.5)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0


def test_a_workspace_without_a_lock_file_gets_one_that_git_does_not_show(workspace, yolopatch, git_in):
    lock_file(workspace).unlink()
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0
    assert lock_file(workspace).exists()
    assert git_in(workspace, "status", "--porcelain", "--ignored") == ""


def test_no_lock_is_written_where_there_is_no_workspace(tmp_path, yolopatch, git_in, fingerprint):
    git_in(tmp_path, "init", "-q", "theirs")
    before = fingerprint(tmp_path / "theirs")
    assert yolopatch(*_apply("DSConv", dest=tmp_path / "theirs")).code == 3
    assert yolopatch("remove", "--module", "DSConv", tmp_path / "theirs").code == 2
    assert yolopatch("reproduce", "yolo11-c3k2-dsconv", "--dest", tmp_path / "theirs").code == 3
    assert fingerprint(tmp_path / "theirs") == before


def _no_locks(descriptor, how):
    if how != fcntl.LOCK_UN:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_a_file_system_without_locks(workspace, tmp_path, yolopatch, fingerprint, monkeypatch):
    before, new = fingerprint(workspace), tmp_path / "new" / "w"
    monkeypatch.setattr(fcntl, "flock", _no_locks)
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 1
    assert f"the file system of {workspace / '.git'} has no locks: No locks available" in ran.err
    assert f"work in a copy of it: cp -r {shlex.quote(str(workspace))} DIR" in ran.err
    assert fingerprint(workspace) == before
    ran = yolopatch(*_apply("SPConv", dest=new))
    assert ran.code == 1
    assert "has no locks: No locks available" in ran.err
    assert "name a folder on another disk: --dest DIR" in ran.err
    assert not new.parent.exists()


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (OSError(errno.ENOSYS, "Function not implemented"), "has no locks: Function not implemented", "DO THAT"),
        (NotImplementedError("use another class"), "has no locks: Function not implemented", "DO THAT"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot write in", "check the permissions of"),
        (OSError(errno.ENOSPC, "No space left on device"), "cannot write in", "free some space"),
    ],
)
def test_each_reason_for_which_a_lock_cannot_be_taken(error, what, hint, tmp_path, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(FileLock, "acquire", fail)
    with pytest.raises(YolopatchError, match=what) as caught, hold_lock(tmp_path / "lock", "DO THAT"):
        pass
    assert caught.value.hint.startswith(hint)
    assert caught.value.hint.endswith("DO THAT")


@pytest.mark.parametrize(("folder", "lock"), [(0o775, 0o664), (0o755, 0o644), (0o700, 0o600)])
def test_who_may_write_in_a_workspace_may_take_its_lock(folder, lock, tmp_path):
    tmp_path.chmod(folder)
    before = os.umask(0o077)
    try:
        with hold_lock(tmp_path / "lock", "do something else"):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == lock
    finally:
        os.umask(before)
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", ["nothing there", "an empty folder there", "a workspace there"])
def test_two_caches_and_one_workspace(what, rounds, tmp_path, cache, other_cache, popen, git_in, yolopatch):
    chance = random.Random(4)
    for number in range(rounds):
        place, (first, *others) = tmp_path / str(number) / "w", chance.sample(MODULES, 4)
        (place if what == "an empty folder there" else place.parent).mkdir(parents=True)
        calls = [_apply(module, dest=place) for module in others]
        if what == "a workspace there":
            assert yolopatch(*_apply(first, dest=place)).code == 0
            calls.insert(1, ["remove", "--module", first, str(place)])
        caches = [{**os.environ, "YOLOPATCH_CACHE": str(one)} for one in (cache, other_cache)]
        for child in [popen(*call, env=caches[n % 2]) for n, call in enumerate(calls)]:
            _, err = child.communicate(timeout=60)
            assert child.returncode == 0, err
        _is_sound(place, git_in)
        status = yolopatch("status", place, "--json").json
        assert {one["name"] for one in status["modules"]} == set(others)
        shutil.rmtree(place.parent)
