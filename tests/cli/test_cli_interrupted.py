"""Killed at any point, a workspace is the old one or the new one, and the next run says so and goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.cli.run import run
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.held import HELD
from yolopatch.outside.git.command import Repository
from yolopatch.outside.workspace import build
from yolopatch.outside.workspace.lock import lock_file
from yolopatch.steps.workspace import change

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"
MANY = 60  # more steps than a run has


def _killed_at(step: int, arguments: list[str]) -> bool:
    """Run a command in a child that dies right before its n-th step on the disk; tell whether it died.

    A step is a git command, a rename, a removal or a write.
    """
    child = os.fork()
    if child == 0:
        _die_at(step)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(run(arguments))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def _die_at(step: int) -> None:
    count = [0]

    def counted(function: Callable) -> Callable:
        def wrapper(*arguments, **named):
            count[0] += 1
            if count[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return wrapper

    Repository.run_bytes = counted(Repository.run_bytes)
    os.replace = counted(os.replace)
    Path.unlink = counted(Path.unlink)
    Path.write_bytes = counted(Path.write_bytes)
    Path.write_text = counted(Path.write_text)
    Path.mkdir = counted(Path.mkdir)
    shutil.copyfile = counted(shutil.copyfile)
    shutil.rmtree = counted(shutil.rmtree)


def _litter(place: Path) -> list[str]:
    names = [str(path.relative_to(place.parent)) for path in place.parent.rglob("*") if path != lock_file(place)]
    return [n for n in names if "yolopatch-" in n or n.endswith(".lock") or "/tmp_" in n or "crash" in n]


def _is_sound(place: Path, git_in) -> None:
    assert git_in(place, "status", "--porcelain", "--ignored") == ""
    assert git_in(place, "fsck", "--full", "--no-dangling") == ""
    assert git_in(place, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/yolopatch"]
    assert _litter(place) == []


def _commit_mine(place: Path, git_in) -> None:
    """Commit an edit of a file that patches change, too."""
    with (place / PARSER).open("a") as file:
        file.write("# mine\n")
    git_in(place, "commit", "-q", "-am", "my idea")


def _apply(*modules: str, dest: Path) -> list[str]:
    chosen = [word for module in modules for word in ("--module", module)]
    return ["apply", "--repo", PIN, *chosen, "--dest", str(dest), "--json"]


@pytest.mark.more
@pytest.mark.parametrize(
    "there",
    [pytest.param(False, id="nothing there"), pytest.param(True, id="an empty folder there", marks=pytest.mark.slow)],
)
def test_a_new_workspace_killed_at_every_step(there, tmp_path, yolopatch, need_pin, git_in):
    need_pin(PIN)
    expected = yolopatch(*_apply("DSConv", dest=tmp_path / "whole" / "w")).json["commit"]
    for step in range(1, MANY):
        place = tmp_path / f"killed-{step}" / "w"
        (place if there else place.parent).mkdir(parents=True)
        if not _killed_at(step, _apply("DSConv", dest=place)):
            break
        ran = yolopatch(*_apply("DSConv", dest=place))
        assert ran.code == 0, (step, ran.err)
        assert ran.json["commit"] == expected
        _is_sound(place, git_in)
        shutil.rmtree(place.parent)
    assert 5 < step < MANY - 1, "every step was tried"


@pytest.mark.more
def test_a_switch_killed_at_every_step(tmp_path, yolopatch, need_pin, git_in):
    need_pin(PIN)
    start = tmp_path / "start" / "w"
    yolopatch(*_apply("RefConv", "DSConv", dest=start))
    _commit_mine(start, git_in)
    old = git_in(start, "rev-parse", "HEAD").strip()
    new = yolopatch("remove", "--module", "DSConv", start, "--json").json["replayed"][0]["new"]
    yolopatch(*_apply("DSConv", dest=start))
    notes = set()
    for step in range(1, MANY):
        place = tmp_path / f"killed-{step}" / "w"
        shutil.copytree(start, place)
        subprocess.run(["git", "-C", str(place), "status"], capture_output=True, check=True)
        if not _killed_at(step, ["remove", "--module", "DSConv", str(place)]):
            break
        # whatever the next run is about, here something that changes nothing: it finds the old or the new
        ran = yolopatch(*_apply("RefConv", dest=place))
        assert ran.code == 0, (step, ran.err)
        found = git_in(place, "rev-parse", "HEAD").strip()
        assert found in (old, new)
        notes.add(ran.err)
        _is_sound(place, git_in)
        again = yolopatch("remove", "--module", "DSConv", place, "--json")
        assert again.code == (0 if found == old else 1)
        assert git_in(place, "rev-parse", "HEAD").strip() == new
        shutil.rmtree(place.parent)
    assert 10 < step < MANY - 1, "every step was tried"
    assert any("its changes are finished now" in note for note in notes)
    assert any("leftovers of an interrupted run were removed" in note for note in notes)


@pytest.mark.slow
def test_a_result_for_a_branch_killed_at_every_step(workspace, tmp_path, yolopatch, git_in):
    _commit_mine(workspace, git_in)
    head = git_in(workspace, "rev-parse", "HEAD")
    into = ["remove", "--module", "RefConv", str(workspace), "--into"]
    tips = set()
    for step in range(1, MANY):
        killed = _killed_at(step, [*into, f"killed-{step}"])
        made = git_in(workspace, "for-each-ref", "--format=%(objectname)", f"refs/heads/killed-{step}").strip()
        tips.add(made)
        assert git_in(workspace, "rev-parse", "HEAD") == head
        ran = yolopatch(*into, f"again-{step}")
        assert ran.code == 0, (step, ran.err)
        tips.add(git_in(workspace, "rev-parse", f"again-{step}").strip())
        assert git_in(workspace, "status", "--porcelain", "--ignored") == ""
        assert not (workspace / ".git/refs/yolopatch/next").exists()
        if not killed:
            break
    assert 8 < step < MANY - 1, "every step was tried"
    assert len(tips - {""}) == 1, "the branch is not there, or whole"


def test_status_tells_of_a_half_done_switch_and_leaves_it(workspace, yolopatch, fingerprint):
    _half_done(workspace)
    before = fingerprint(workspace)
    told = yolopatch("status", workspace, "--json").json
    assert (told["interrupted"], told["clean"]) == (True, False)
    assert "an earlier run was interrupted" in yolopatch("status", workspace).out
    assert fingerprint(workspace) == before


def _half_done(place: Path) -> None:
    """Kill a switch after its first file was written, before the branch has moved."""
    for step in range(1, MANY):
        assert _killed_at(step, _apply("SPConv", dest=place))
        journal = place / ".git" / "yolopatch-switch"
        if journal.exists() and "SPConv" in (place / PARSER).read_text():
            return
    raise AssertionError("no such step")


@pytest.mark.parametrize("step", [20, 25])
def test_a_remove_that_was_killed_is_finished_by_the_same_command(step, workspace, yolopatch):
    yolopatch(*_apply("DSConv", dest=workspace))
    words = ["remove", "--module", "DSConv", str(workspace)]
    while not (workspace / ".git" / "yolopatch-switch").exists():
        assert _killed_at(step, words)
        step += 1
    ran = yolopatch(*words, "--json")
    assert ran.code == 0, ran.err
    assert "its changes are finished now" in ran.err
    assert [module["name"] for module in ran.json["modules"]] == ["RefConv"]
    assert yolopatch(*words).code == 1


@pytest.mark.more
def test_a_users_edit_after_the_kill_is_kept(workspace, yolopatch, fingerprint):
    _half_done(workspace)
    (workspace / PARSER).write_text("mine = True\n")
    before = fingerprint(workspace)
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 3
    assert f"{PARSER} was changed after a run was interrupted; nothing was changed" in ran.err
    assert fingerprint(workspace) == before
    command = ran.err.split("`")[1]
    subprocess.run(command, shell=True, check=True)
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0
    assert (workspace / f"{PARSER}.mine").read_text() == "mine = True\n"


@pytest.mark.more
def test_a_users_commit_after_the_kill_is_kept(workspace, yolopatch, git_in, fingerprint):
    _half_done(workspace)
    (workspace / "mine.txt").write_text("mine")
    git_in(workspace, "add", "mine.txt")
    git_in(workspace, "commit", "-q", "-m", "my idea")
    before = fingerprint(workspace)
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 3
    assert "has your own commits on top" in ran.err
    assert fingerprint(workspace) == before
    subprocess.run(ran.err.split("`")[1], shell=True, check=True)
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0
    assert git_in(workspace, "show", "my-work:mine.txt") == "mine"


@pytest.mark.more
def test_a_branch_that_the_user_moved_after_the_kill(workspace, yolopatch, git_in):
    _half_done(workspace)
    git_in(workspace, "reset", "-q", "--hard", "HEAD~2")
    git_in(workspace, "clean", "-qfd")
    ran = yolopatch(*_apply("DSConv", dest=workspace))
    assert ran.code == 0
    assert "interrupted" in ran.err
    assert [m["name"] for m in ran.json["modules"]] == ["DSConv"]
    _is_sound(workspace, git_in)


def test_a_journal_that_was_cut_short(workspace, yolopatch, git_in):
    (workspace / ".git" / "yolopatch-switch").write_text('{"from": "12')
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 0
    assert "interrupted before it changed anything" in ran.err
    _is_sound(workspace, git_in)


@pytest.mark.parametrize("journal", ["[]", "null", "{}", '{"from": 1}', '{"from": null, "to": "abc"}', "\udcff"])
def test_a_journal_of_nonsense(journal, workspace, yolopatch, git_in):
    (workspace / ".git" / "yolopatch-switch").write_bytes(journal.encode("utf-8", "surrogateescape"))
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0
    _is_sound(workspace, git_in)


@pytest.mark.more
def test_killed_at_random_times_with_all_its_children(tmp_path, need_pin, git_in, yolopatch):
    need_pin(PIN)
    place = tmp_path / "w"
    modules = ["DSConv", "RefConv", "SPConv"]
    started = time.monotonic()
    commits = {yolopatch(*_apply(*modules[:2], dest=tmp_path / "x" / "w")).json["commit"]}
    commits.add(yolopatch(*_apply(*modules, dest=tmp_path / "x" / "w")).json["commit"])
    limit = time.monotonic() - started + 0.2
    chance = random.Random(7)
    for _ in range(6):
        for call in (_apply(*modules[:2], dest=place), _apply("SPConv", dest=place)):
            command = [sys.executable, "-m", "yolopatch", *call]
            child = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            time.sleep(chance.uniform(0.05, limit))
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        ran = yolopatch(*_apply(*modules[:2], dest=place))
        assert ran.code == 0, ran.err
        assert ran.json["commit"] in commits
        assert git_in(place, "status", "--porcelain", "--ignored") == ""
        assert git_in(place, "fsck", "--no-dangling") == ""
        assert [path.name for path in tmp_path.iterdir() if path.name not in ("x", "w")] == []
        shutil.rmtree(place)


@pytest.mark.parametrize("delay", [0.05, 0.12, 0.18, 0.25])
@pytest.mark.parametrize("there", [False, True], ids=["new", "switch"])
def test_ctrl_c(delay, there, tmp_path, need_pin, git_in, yolopatch, popen):
    need_pin(PIN)
    place = tmp_path / "w"
    if there:
        yolopatch(*_apply("RefConv", dest=place))
    child = popen(*_apply("DSConv", "SPConv", dest=place), start_new_session=True)
    time.sleep(delay)
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate()
    # what comes before our first line is the interpreter's own: it exits with 1 from inside its `site` or `runpy`
    assert child.returncode in (130, 0, -signal.SIGINT) or "__main__.py" not in err, err
    if child.returncode == 130:
        assert "Traceback" not in err
    if not there and place.exists():  # interrupted after the switch: then it is the new state, whole
        _is_sound(place, git_in)
    elif not there:
        assert list(tmp_path.iterdir()) == [], "nothing is left of it"
    ran = yolopatch(*_apply("DSConv", "SPConv", dest=place))
    assert ran.code == 0, ran.err
    _is_sound(place, git_in)


def test_ctrl_c_while_git_works_ends_git_first(tmp_path, need_pin, monkeypatch, yolopatch):
    need_pin(PIN)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "_populate", interrupt)
    ran = yolopatch(*_apply("DSConv", dest=tmp_path / "deep" / "w"))
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.strip() == "interrupted"
    assert list(tmp_path.iterdir()) == []


def test_what_fails_half_way_is_undone(workspace, yolopatch, monkeypatch, git_in):
    before = git_in(workspace, "rev-parse", "HEAD")
    real, calls = Repository.run, []

    def failing(self, *arguments, **named):
        if arguments[0] == "reset" and not calls:
            calls.append(arguments)
            raise OSError(28, "No space left on device")
        return real(self, *arguments, **named)

    monkeypatch.setattr(Repository, "run", failing)
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 1
    assert json.loads(ran.out)["exit_code"] == 1
    assert "No space left on device; nothing was changed" in ran.err
    assert git_in(workspace, "rev-parse", "HEAD") == before
    _is_sound(workspace, git_in)


def test_what_can_not_be_undone_is_said_and_finished_later(workspace, yolopatch, monkeypatch, git_in):
    real = Repository.run

    def failing(self, *arguments, **named):
        if arguments[0] == "reset":
            raise OSError(28, "No space left on device")
        return real(self, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "run", failing)
        ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 1
    assert "was switched only partly" in ran.err
    assert yolopatch(*_apply("SPConv", dest=workspace)).code == 0
    _is_sound(workspace, git_in)


@pytest.mark.parametrize("error", [OSError(11, "Resource temporarily unavailable"), YolopatchError("git failed")])
@pytest.mark.parametrize("into", [(), ("--into", "tried")], ids=["workspace", "branch"])
def test_what_fails_after_the_change_says_that_it_is_done(error, into, workspace, yolopatch, monkeypatch, git_in):
    def failing(*_, **__):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(change, "workspace_state", failing)
        ran = yolopatch(*_apply("SPConv", dest=workspace), *into)
    assert ran.code == 1
    assert f"changed: {workspace} is as it was asked for" in ran.err
    assert "nothing was changed" not in ran.err
    assert "SPConv" in git_in(workspace, "log", "--format=%s", *into[1:])


@pytest.mark.parametrize("name", ["objects/pack/tmp_pack_Ab12Cd", "fast_import_crash_4711"])
@pytest.mark.parametrize(("age", "stays"), [(7200, False), (60, True)], ids=["old", "perhaps of a git that runs"])
def test_what_a_killed_git_left_is_removed_when_it_is_old(name, age, stays, workspace, yolopatch):
    left = workspace / ".git" / name
    left.write_bytes(b"PACK")
    os.utime(left, (time.time() - age,) * 2)
    ran = yolopatch(*_apply("RefConv", dest=workspace))
    assert ran.code == 0, ran.err
    assert left.exists() == stays
    assert ("leftovers of an interrupted run were removed" in ran.err) != stays


@pytest.mark.parametrize("again", ["w", "v"], ids=["the same", "another from the same pin"])
def test_what_a_run_left_that_was_killed_when_all_was_done_is_removed(
    again, tmp_path, yolopatch, need_pin, cache, monkeypatch
):
    need_pin(PIN)
    shutil.copytree(cache / "pins", tmp_path / "cache" / "pins")
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "work"
    assert yolopatch(*_apply("SPConv", dest=place / "w")).code == 0
    left = (place if again == "w" else tmp_path / "cache" / "pins") / ".yolopatch-0123abcd"
    (left / "x1y2").mkdir(parents=True)
    (left / HELD).write_text("")
    assert yolopatch(*_apply("SPConv", dest=place / again)).code == 0
    assert not left.exists()


def test_a_lock_of_git_on_our_own_reference_blocks_nothing(workspace, yolopatch, git_in):
    (workspace / ".git/refs/yolopatch").mkdir(parents=True)
    (workspace / ".git/refs/yolopatch/next.lock").write_text("")
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 0, ran.err
    assert "leftovers of an interrupted run were removed" in ran.err
    _is_sound(workspace, git_in)


@pytest.mark.parametrize("lock", ["index.lock", "ORIG_HEAD.lock", "refs/heads/yolopatch.lock", "config.lock"])
def test_the_locks_of_a_git_that_was_killed_with_us_are_removed(lock, workspace, yolopatch, monkeypatch, git_in):
    real = Repository.run

    def killed(self, *arguments, **named):
        if arguments[0] == "reset":
            (workspace / ".git" / lock).write_text("")
            raise KeyboardInterrupt
        return real(self, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "run", killed)
        assert yolopatch(*_apply("SPConv", dest=workspace)).code == 130
    ran = yolopatch(*_apply("SPConv", dest=workspace))
    assert ran.code == 0, ran.err
    assert "its changes are finished now" in ran.err
    _is_sound(workspace, git_in)
