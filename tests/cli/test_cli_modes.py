"""A switch leaves every file with the mode that git has for it: what nobody edited is never the user's change."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"
LINK = "parser.py"


@pytest.fixture
def source(pristine_tree, tmp_path, git_in) -> Path:
    """A clone of the pin in which the parser is executable, and a link leads to it."""
    clone = tmp_path / "clone"
    git_in(tmp_path, "clone", "-q", str(pristine_tree(PIN)), str(clone))
    (clone / PARSER).chmod(0o755)
    (clone / LINK).symlink_to(PARSER)
    git_in(clone, "add", "--all")
    git_in(clone, "commit", "-q", "-m", "Make it executable")
    return clone


@pytest.fixture
def workspace(source, tmp_path, yolopatch) -> Path:
    """A workspace of that clone without any patch: every file is as upstream has it."""
    place = tmp_path / "w"
    for words in (("apply", "--repo", PIN, "--dest", place, "--source", source), ("remove", place)):
        ran = yolopatch(*words, "--module", "RefConv")
        assert ran.code == 0, ran.err
    return place


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_an_executable_file_of_the_pin_is_nobodys_edit(workspace, yolopatch, git_in):
    assert _mode(workspace / PARSER) & 0o100
    bare = yolopatch("status", workspace, "--json").json["commit"]
    for words in (("apply", "--module", "RefConv"), ("apply", "--module", "DSConv"), ("apply", "--compat")):
        ran = yolopatch(*words, "--repo", PIN, "--dest", workspace)
        assert ran.code == 0, ran.err
        assert git_in(workspace, "status", "--porcelain") == ""
    for words in (("--compat",), ("--module", "RefConv"), ("--module", "DSConv")):
        ran = yolopatch("remove", *words, workspace)
        assert ran.code == 0, ran.err
        assert git_in(workspace, "status", "--porcelain") == ""
    assert yolopatch("status", workspace, "--json").json["commit"] == bare
    assert _mode(workspace / PARSER) & 0o100
    assert os.readlink(workspace / LINK) == PARSER


def test_a_changed_workspace_equals_a_new_one_in_its_modes_too(workspace, source, yolopatch, tmp_path):
    words = ("apply", "--repo", PIN, "--module", "DSConv", "--module", "SPConv")
    yolopatch(*words, "--dest", workspace)
    yolopatch(*words, "--dest", tmp_path / "new", "--source", source)
    names = [str(file.relative_to(workspace)) for file in (workspace / "ultralytics" / "nn").rglob("*.py")]
    assert {name: _mode(workspace / name) for name in names} == {name: _mode(tmp_path / "new" / name) for name in names}


def test_the_users_own_permissions_stay(workspace, yolopatch, git_in):
    (workspace / PARSER).chmod(0o750)
    before = os.umask(0o077)
    try:
        assert yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", workspace).code == 0
        assert _mode(workspace / PARSER) == 0o640
        assert _mode(workspace / "ultralytics/nn/modules/dsconv.py") == 0o600
        assert yolopatch("remove", "--module", "DSConv", workspace).code == 0
    finally:
        os.umask(before)
    assert _mode(workspace / PARSER) == 0o750
    assert git_in(workspace, "status", "--porcelain") == ""


def test_modes_that_git_does_not_track_are_left_alone(workspace, yolopatch, git_in):
    """As on a file system where every file is executable, or none."""
    git_in(workspace, "config", "core.fileMode", "false")
    (workspace / PARSER).chmod(0o777)
    assert yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", workspace).code == 0
    assert _mode(workspace / PARSER) == 0o777
    assert git_in(workspace, "status", "--porcelain") == ""


def test_a_mode_that_the_user_changed_is_an_edit(workspace, yolopatch, fingerprint):
    (workspace / PARSER).chmod(0o644)
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", workspace)
    assert (ran.code, f"changed: {PARSER}" in ran.err) == (3, True)
    assert fingerprint(workspace) == before


def test_the_fixes_come_and_go_on_v61(yolopatch, need_pin, tmp_path, git_in):
    """Its files that the fixes change are executable, and the newest commit has them as plain files."""
    need_pin("yolov5-6.1")
    place = tmp_path / "v5"
    asked = ("apply", "--repo", "yolov5-6.1", "--dest", place)
    exact = yolopatch(*asked, "--module", "Dynamic_conv2d", "--json").json["commit"]
    for words in ((*asked, "--compat"), ("remove", "--compat", place), (*asked, "--compat", "--module", "DSConv")):
        ran = yolopatch(*words)
        assert ran.code == 0, ran.err
        assert git_in(place, "status", "--porcelain") == ""
    ran = yolopatch("remove", "--compat", "--module", "DSConv", place, "--json")
    assert (ran.code, ran.json["commit"]) == (0, exact)
