"""A workspace from somebody else: no program that its git configuration names runs, nothing outside it is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.workspace.workspace import read_workspace

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"


@pytest.fixture
def workspace(full_workspace, tmp_path) -> Path:
    """A copy of a workspace: git has to look at every file again, as its index names other inodes."""
    return Path(shutil.copytree(full_workspace(PIN), tmp_path / "workspace"))


@pytest.fixture
def program(tmp_path):
    """Give a program of the attacker's, and the file that it writes when it runs."""
    ran = tmp_path / "ran"
    file = tmp_path / "evil.sh"
    file.write_text(f'#!/bin/sh\necho "$0 $@" >> {ran}\nexec timeout 5 cat\n')
    file.chmod(0o755)
    return file, ran


# what may stand in .git/config with a program, besides filters
PROGRAMS = (
    *(
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "credential.helper",
        "pager.log",
        "pager.status",
    ),
    *("diff.external", "diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "gpg.program"),
    *("trailer.pin.command", "core.alternateRefsCommand", "uploadpack.packObjectsHook"),
)
HOOKS = (
    "post-index-change",
    "reference-transaction",
    "post-checkout",
    "pre-commit",
    "post-rewrite",
    "fsmonitor-watchman",
)


def _drive(workspace: Path, driver: str) -> None:
    (workspace / ".git/info").mkdir(exist_ok=True)
    (workspace / ".git/info/attributes").write_text(f"* filter={driver} diff={driver} merge={driver}\n")


def _use_all(workspace: Path, yolopatch) -> None:
    assert yolopatch("status", workspace).code == 0
    assert yolopatch("diff", workspace, "--module", "SPConv").code == 0
    assert yolopatch("remove", "--module", "SPConv", workspace).code == 0
    assert yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace).code == 0


def test_no_program_of_the_configuration_runs(workspace, program, git_in, yolopatch):
    file, ran = program
    with (workspace / PARSER).open("a") as parser:
        parser.write("# mine\n")
    git_in(workspace, "commit", "-qam", "to be replayed, with a merge of texts")
    for key in PROGRAMS:
        git_in(workspace, "config", key, str(file))
    git_in(workspace, "config", "log.showSignature", "true")
    _drive(workspace, "evil")
    for folder in (workspace / ".git/hooks", workspace / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in HOOKS:
            shutil.copy(file, folder / hook)
    git_in(workspace, "config", "core.hooksPath", str(workspace / "hooks"))
    ran.unlink(missing_ok=True)
    _use_all(workspace, yolopatch)
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize("key", ["filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "filter.a..b.clean"])
def test_no_filter_runs(key, workspace, program, git_in, yolopatch):
    file, ran = program
    git_in(workspace, "config", key, str(file))
    git_in(workspace, "config", f"{key.rpartition('.')[0]}.required", "true")
    _drive(workspace, key.split(".", 1)[1].rpartition(".")[0])
    _use_all(workspace, yolopatch)
    assert not ran.exists(), ran.read_text()


def test_a_filter_whose_name_cannot_be_turned_off_is_refused(workspace, program, git_in, yolopatch):
    file, ran = program
    git_in(workspace, "config", "filter.a=b.clean", str(file))
    _drive(workspace, "a=b")
    done = yolopatch("status", workspace)
    assert done.code == 2
    assert "config --unset-all filter.a=b.clean" in done.err
    assert not ran.exists(), ran.read_text()


def test_an_object_that_is_missing_is_not_fetched(tmp_path, program, git_in):
    file, ran = program
    git_in(tmp_path, "init", "-q", "checkout")
    checkout = tmp_path / "checkout"
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "example.org:x"),
        ("remote.origin.uploadpack", str(file)),
        ("core.sshCommand", str(file)),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
    ):
        git_in(checkout, "config", key, value)
    for url in ("example.org:x", f"ext::{file} x", str(tmp_path)):
        git_in(checkout, "config", "remote.origin.url", url)
        with pytest.raises(GitError):
            Repository(checkout).read_blobs(["a" * 40])
    assert not ran.exists(), ran.read_text()


def test_a_repository_inside_is_not_asked(workspace, program, git_in):
    file, ran = program
    inside = workspace / "inside"
    git_in(workspace, "init", "-q", str(inside))
    git_in(inside, "commit", "-q", "--allow-empty", "-m", "x")
    git_in(workspace, "add", "inside")
    git_in(inside, "config", "core.fsmonitor", str(file))
    assert read_workspace(workspace).edited == ("inside",)
    assert not ran.exists(), ran.read_text()


def test_what_a_user_filters_is_kept(workspace, git_in, yolopatch):
    """As git-lfs has it: the file is large, and git has a pointer to it."""
    git_in(workspace, "config", "filter.large.clean", "wc -c")
    git_in(workspace, "config", "filter.large.smudge", "cat")
    (workspace / ".git/info").mkdir(exist_ok=True)
    (workspace / ".git/info/attributes").write_text("*.pt filter=large\n")
    git_in(workspace, "switch", "-q", "-c", "mine")
    weights = workspace / "best.pt"
    weights.write_bytes(b"x" * 1000)
    git_in(workspace, "add", "--force", "best.pt")
    git_in(workspace, "commit", "-q", "-m", "weights")
    assert git_in(workspace, "show", "HEAD:best.pt").split() == ["1000"]
    assert yolopatch("status", workspace).code == 0
    assert yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace).code == 3
    assert weights.read_bytes() == b"x" * 1000
    weights.write_bytes(b"y" * 1000)
    assert read_workspace(workspace).edited == ("best.pt",)


def test_another_folder_is_not_written(workspace, tmp_path, git_in, yolopatch):
    home = tmp_path / "home"
    home.mkdir()
    git_in(workspace, "config", "core.worktree", str(home))
    assert yolopatch("status", workspace).code == 0
    assert yolopatch("remove", "--module", "SPConv", workspace).code == 0
    assert list(home.iterdir()) == []
    assert "spconv" not in (workspace / "ultralytics/nn/tasks.py").read_text()


def test_a_journal_names_commits_alone(workspace, tmp_path, yolopatch):
    (workspace / ".git/yolopatch-switch").write_text(f'{{"from": null, "to": "--pathspec-from-file={tmp_path}"}}')
    done = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace)
    assert done.code == 0
    assert "an earlier run was interrupted before it changed anything" in done.err + done.out


def test_a_workspace_of_another_user_is_called_so(workspace, monkeypatch, yolopatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git takes every folder for another user's
    done = yolopatch("status", workspace)
    assert done.code == 2
    assert f"{workspace} belongs to another user" in done.err
    assert f"git config --global --add safe.directory {workspace}" in done.err
