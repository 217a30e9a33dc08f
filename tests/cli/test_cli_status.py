"""`status` says what a workspace holds and what the user did to it, and writes nothing."""

from __future__ import annotations

import re

import pytest

from yolopatch import __version__
from yolopatch.catalog.pins import PINS

PIN = "ultralytics-8.3.0"


def test_the_json_of_a_clean_workspace(workspace, yolopatch, git_in):
    told = yolopatch("status", workspace, "--json").json
    head = git_in(workspace, "rev-parse", "HEAD", "HEAD^{tree}").split()
    origin = told.pop("origin")
    assert told == {
        "workspace": str(workspace),
        "pin": PIN,
        "source": origin.split()[0],
        "modules": [{"name": "RefConv", "flavor": "paper"}],
        "compat": False,
        "seeds": False,
        "commit": head[0],
        "tree": head[1],
        "version": __version__,
        "branch": "yolopatch",
        "edited": [],
        "own_commits": [],
        "operation": None,
        "interrupted": False,
        "obstacles": [],
        "clean": True,
    }


def test_edits_and_commits_are_named(workspace, yolopatch, git_in, fingerprint):
    ours = git_in(workspace, "rev-parse", "HEAD").strip()
    git_in(workspace, "switch", "-qc", "mine")
    (workspace / "LICENSE").write_text("mine")
    git_in(workspace, "commit", "-qam", "my idea")
    (workspace / "pyproject.toml").unlink(missing_ok=True)
    before = fingerprint(workspace)
    told = yolopatch("status", workspace, "--json").json
    assert (told["clean"], told["branch"], told["commit"]) == (False, "mine", ours)
    assert [words.split(" ", 1)[1] for words in told["own_commits"]] == ["my idea"]
    assert told["edited"] == ["pyproject.toml"]
    text = yolopatch("status", workspace).out
    assert "changed by you" in text
    assert "edited    pyproject.toml" in text
    assert fingerprint(workspace) == before


def test_commits_on_top_are_in_nobodys_way_and_an_edit_that_git_overlooks_is(workspace, yolopatch, git_in):
    parser = workspace / PINS[PIN].layout.parser
    parser.write_text(parser.read_text() + "# mine\n")
    git_in(workspace, "commit", "-qam", "my idea")
    told = yolopatch("status", workspace, "--json").json
    assert (told["obstacles"], told["clean"]) == ([], False)
    assert "`yolopatch apply` and `yolopatch remove` replay your commits" in yolopatch("status", workspace).out
    git_in(workspace, "update-index", "--assume-unchanged", PINS[PIN].layout.parser)
    parser.write_text(parser.read_text() + "# more\n")
    (obstacle,) = yolopatch("status", workspace, "--json").json["obstacles"]
    assert obstacle["what"] == f"{parser} has changes that git ignores"
    ran = yolopatch("remove", "--module", "RefConv", workspace)
    assert (ran.code, f"error: {obstacle['what']}; nothing was changed" in ran.err) == (3, True)


def test_a_link_of_the_users_where_a_modules_file_would_go(workspace, yolopatch, git_in):
    (workspace / "mine.py").write_text("mine = True\n")
    (workspace / "ultralytics/nn/modules/spconv.py").symlink_to("../../../mine.py")
    git_in(workspace, "add", "-A")
    git_in(workspace, "commit", "-qm", "my own SPConv")
    assert yolopatch("status", workspace, "--json").json["obstacles"] == []


def test_a_commit_without_a_message(workspace, yolopatch, git_in):
    git_in(workspace, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    assert len(yolopatch("status", workspace, "--json").json["own_commits"]) == 1


@pytest.mark.parametrize("name", ["nowhere", "nowhere/at/all"])
def test_a_folder_that_is_not_there(name, yolopatch, tmp_path):
    ran = yolopatch("status", tmp_path / name)
    assert ran.code == 2
    assert "the folder does not exist" in ran.err


def test_a_workspace_of_a_pin_that_this_machine_does_not_have(workspace, yolopatch, monkeypatch):
    others = {name: pin for name, pin in PINS.items() if name != PIN}
    monkeypatch.setattr("yolopatch.outside.workspace.workspace.PINS", others)
    ran = yolopatch("status", workspace)
    assert ran.code == 2
    assert f"{workspace} is a workspace of {PIN}, which is neither a pin of yolopatch nor in your own" in ran.err
    assert re.search(r"next: yolopatch port --to \S*8\.3\.0 --save, or set YOLOPATCH_CATALOG", ran.err)


def test_here_is_the_default(workspace, yolopatch, monkeypatch):
    monkeypatch.chdir(workspace)
    assert yolopatch("status", "--json").json["workspace"] == str(workspace)


def test_a_subfolder_is_not_the_workspace(workspace, yolopatch):
    assert yolopatch("status", workspace / "ultralytics").code == 2
