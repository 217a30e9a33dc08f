"""The file in the workspace that stamps checkpoints: what it says, and that it never stops a training."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import types
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import fork_source
from yolopatch.outside.git.snapshot import pristine_reader, read_root
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.outside.workspace.replay import plan_replay
from yolopatch.outside.workspace.switch import switch
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import PatchSet, load_patchset

from .conftest import PIN, load_fork

KEYS = ["pin", "source", "modules", "compat", "version", "built_on", "commit", "head", "edited", "yaml"]


def test_it_says_what_status_says(workspace, stamp, yolopatch):
    told = yolopatch("status", workspace, "--json").json
    said = stamp(workspace, {"nc": 3})
    assert list(said) == KEYS
    assert [(m["name"], m["flavor"]) for m in said["modules"]] == [("DSConv", "tutorial"), ("RefConv", "paper")]
    for key in ("pin", "source", "version", "commit"):
        assert said[key] == told[key]
    assert (said["head"], said["edited"], said["compat"], said["yaml"]) == (None, [], None, {"nc": 3})


@pytest.mark.parametrize("pin", PINS)
def test_it_finds_its_checkout_in_every_pin(pin, full_workspace, stamp, yolopatch):
    fork = load_fork(full_workspace(pin), pin)
    assert fork.stamp(None)["commit"] == yolopatch("status", full_workspace(pin), "--json").json["commit"]


def test_what_the_user_did_is_told(workspace, stamp, git_in):
    ours = git_in(workspace, "rev-parse", "HEAD").strip()
    (workspace / "LICENSE").write_text("mine")
    git_in(workspace, "commit", "-qam", "my idea")
    (workspace / "a b.yaml").write_text("nc: 3")  # git does not know it: a data file, say
    (workspace / "ultralytics/__init__.py").write_text("edited")
    git_in(workspace, "mv", "ultralytics/nn/tasks.py", "ultralytics/nn/my tasks.py")
    said = stamp(workspace)
    assert (said["commit"], said["head"]) == (ours, git_in(workspace, "rev-parse", "HEAD").strip())
    assert said["edited"] == ["ultralytics/__init__.py", "ultralytics/nn/my tasks.py"]


def _installed_without_git(place: Path, tmp_path: Path) -> Path:
    return shutil.copytree(place, tmp_path / "site-packages", ignore=shutil.ignore_patterns(".git"))


def test_an_installed_copy_knows_what_it_is(workspace, stamp, tmp_path):
    here, there = stamp(workspace), stamp(_installed_without_git(workspace, tmp_path))
    assert there == {**here, "commit": None}
    assert there["built_on"] == here["built_on"]


def test_a_copy_in_the_users_own_repository_does_not_speak_of_that(workspace, stamp, tmp_path, git_in):
    (tmp_path / "project").mkdir()
    git_in(tmp_path / "project", "init", "-q")
    copied = _installed_without_git(workspace, tmp_path / "project")
    git_in(tmp_path / "project", "add", ".")
    git_in(tmp_path / "project", "commit", "-q", "-m", "vendored")
    assert stamp(copied)["commit"] is None


def test_another_repository_in_the_variables_is_not_asked(workspace, stamp, tmp_path, git_in, monkeypatch):
    before = stamp(workspace)
    git_in(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert stamp(workspace) == before


@pytest.mark.parametrize("git", [None, "exit 128", "sleep 60"], ids=["missing", "refusing", "hanging"])
def test_without_git_the_rest_is_told(git, workspace, tmp_path, monkeypatch):
    programs = tmp_path / "programs"
    programs.mkdir()
    if git:
        (programs / "git").write_text(f"#!/bin/sh\nPATH={os.defpath}\nexec {git}\n")
        (programs / "git").chmod(0o755)
    fork = load_fork(workspace)
    fork._PATIENCE = 0.2
    monkeypatch.setenv("PATH", str(programs))
    said = fork.stamp(None)
    assert (said["pin"], said["commit"], said["edited"]) == (PIN, None, [])
    assert "error" not in said


def test_git_is_asked_in_one_go_for_a_whole_training(workspace, monkeypatch):
    fork, calls = load_fork(workspace), []
    run = subprocess.run

    def counted(command, **options):
        calls.append(command)
        return run(command, **options)

    monkeypatch.setattr(fork.subprocess, "run", counted)
    first = fork.stamp(None)
    assert fork.stamp(None) == first
    assert len(calls) == 2


def test_the_yaml_is_a_copy_of_builtins_only(workspace, stamp):
    class Names(dict):
        """What upstream may put there one day."""

    yaml = {"nc": 3, "anchors": ((1, 2), [3]), "scale": "n", "file": Path("a.yaml"), "names": Names({0: "disc"})}
    said = stamp(workspace, yaml)["yaml"]
    assert said == {"nc": 3, "anchors": [[1, 2], [3]], "scale": "n", "file": "a.yaml", "names": {0: "disc"}}
    assert type(said["names"]) is dict
    json.dumps(said)
    yaml["anchors"][1].append(4)
    assert said["anchors"] == [[1, 2], [3]]


def test_a_bug_stops_no_training_and_is_not_silent(workspace):
    endless: dict = {}
    endless["itself"] = endless
    fork = load_fork(workspace)
    with pytest.warns(UserWarning, match="the stamp in this checkpoint is not whole.*RecursionError"):
        said = fork.stamp(types.SimpleNamespace(yaml=endless))
    assert said["error"].startswith("RecursionError")
    assert (said["pin"], said["built_on"]) == (PIN, fork.FORK["built_on"])


def test_by_plain_git_apply_nothing_is_stamped():
    fork = types.ModuleType("ultralytics.utils.fork")
    fork.__file__ = str(fork_source())
    exec(compile(fork_source().read_text(), fork.__file__, "exec"), fork.__dict__)
    assert fork.stamp(types.SimpleNamespace(yaml={"nc": 3})) == {}


def test_without_a_patch_there_is_no_stamp(workspace, yolopatch):
    assert (workspace / "ultralytics/utils/fork.py").exists()
    for module in ("DSConv", "RefConv"):
        assert yolopatch("remove", "--module", module, workspace).code == 0
    assert not (workspace / "ultralytics/utils/fork.py").exists()
    assert "fork" not in (workspace / "ultralytics/engine/trainer.py").read_text()


@pytest.fixture
def older(tmp_path, yolopatch, need_pin, monkeypatch) -> Path:
    """A workspace that a yolopatch made which had no stamp."""
    need_pin(PIN)
    with monkeypatch.context() as patched:
        steps = PatchSet.steps
        patched.setattr(PatchSet, "steps", lambda self, *arguments: steps(self, *arguments)[:-1])
        ran = yolopatch("apply", "--repo", PIN, "--module", "RefConv", "--dest", tmp_path / "older")
    assert ran.code == 0, ran.err
    return tmp_path / "older"


def test_a_workspace_of_an_older_yolopatch_is_read_and_gets_the_stamp(older, yolopatch, tmp_path, fingerprint):
    before = fingerprint(older)
    told = yolopatch("status", older, "--json").json
    assert (told["clean"], [m["name"] for m in told["modules"]]) == (True, ["RefConv"])
    assert yolopatch("diff", older, "--module", "RefConv").code == 0
    history = read_history(read_checkout(older))
    assert (history.ours, history.tree_differs, history.note) == (True, (), "")
    assert fingerprint(older) == before
    added = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", older, "--json").json
    anew = ("apply", "--repo", PIN, "--module", "SPConv", "--module", "RefConv", "--dest", tmp_path / "new", "--json")
    assert added["commit"] == yolopatch(*anew).json["commit"]


def test_verify_holds_the_stamp_to_what_it_must_say(workspace, git_in):
    """Whoever forges our commit, and says something else in the stamp."""
    opened = read_workspace(workspace)
    root = read_root(opened.repository, opened.root.id)
    choices = [Choice(a.name, a.flavor) for a in opened.applied]
    steps = load_patchset(opened.pin, choices).steps(pristine_reader(opened.repository, root.blobs), root, "elsewhere")
    switch(opened, root, steps, plan_replay(opened, root, steps))
    history = read_history(read_checkout(workspace))
    (told,) = history.tree_differs
    assert "ultralytics/utils/fork.py differs" in told
