"""`apply` and `remove` in a workspace with the user's own commits: they are replayed, all or none."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"
AFTER_IMPORTS = "from ultralytics.utils import"


@pytest.fixture(autouse=True)
def _somebody(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A User")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "user@example.org")


@pytest.fixture
def commit(workspace, git_in):
    """Commit everything that was changed in the workspace, and give the id."""

    def make(message: str) -> str:
        git_in(workspace, "add", "-A")
        git_in(workspace, "commit", "-q", "--allow-empty", "-m", message)
        return _head(workspace, git_in)

    return make


@pytest.fixture
def add(yolopatch, workspace):
    """Apply a module to the workspace."""
    return lambda *more, module="SPConv": yolopatch(
        "apply", "--repo", PIN, "--module", module, "--dest", workspace, *more
    )


def _head(place: Path, git_in) -> str:
    return git_in(place, "rev-parse", "HEAD").strip()


def _content(place: Path, commit: str) -> bytes:
    command = ["git", "-C", str(place), "cat-file", "commit", commit]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _edit_end(place: Path) -> None:
    with (place / PARSER).open("a") as file:
        file.write("# mine\n")


def _edit_where_modules_come(place: Path) -> None:
    text = (place / PARSER).read_text()
    (place / PARSER).write_text(text.replace(AFTER_IMPORTS, f"import mine\n{AFTER_IMPORTS}", 1))


def _is_sound(place: Path, git_in) -> None:
    assert git_in(place, "status", "--porcelain", "--ignored") == ""
    assert git_in(place, "fsck", "--full", "--no-dangling") == ""


def _commits_of_every_kind(place: Path, git_in, commit) -> list[str]:
    """Commit what people commit; return the ids, oldest first."""
    _edit_end(place)
    made = [commit("edit a file that patches change")]
    (place / "data 'of\t\"mine").mkdir()
    (place / "data 'of\t\"mine" / "中文\nb.bin").write_bytes(bytes(range(256)))
    (place / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    made.append(commit("add files with odd names and contents"))
    (place / PARSER).chmod(0o755)
    (place / "link").symlink_to("LICENSE")
    made.append(commit("change a mode, add a link"))
    made.append(commit("change nothing"))
    git_in(place, "mv", "crlf.txt", "moved.txt")
    git_in(place, "rm", "-q", "LICENSE")
    made.append(commit("move and delete"))
    module = git_in(place, "rev-parse", "HEAD").strip()
    git_in(place, "update-index", "--add", "--cacheinfo", f"160000,{module},sub")
    (place / "sub").mkdir()
    git_in(place, "commit", "-q", "-m", "add a submodule")
    made.append(_head(place, git_in))
    (place / "message").write_bytes("Größe\n\n  two\n\n\nYolopatch is a word\n".encode("latin-1"))
    who = ("--author=Ä B <a@b>", "--date=2001-02-03T04:05:06-0930")
    options = ("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "--cleanup=verbatim")
    git_in(place, *options, *who, "-F", "message")
    (place / "message").unlink()
    return [*made, _head(place, git_in)]


def test_commits_of_every_kind_stay_what_they_are(workspace, add, yolopatch, commit, git_in):
    old = _commits_of_every_kind(workspace, git_in, commit)
    ran = add("--json")
    assert ran.code == 0, ran.err
    told = ran.json
    assert [one["old"] for one in told["replayed"]] == old
    new = [one["new"] for one in told["replayed"]]
    assert git_in(workspace, "rev-list", "--reverse", f"{told['commit']}..HEAD").split() == new
    _is_sound(workspace, git_in)
    assert "spconv" in (workspace / PARSER).read_text()
    assert (workspace / PARSER).read_text().endswith("# mine\n")
    for one, other in zip(old, new):
        raw = [_content(workspace, each).split(b"\n", 2)[2] for each in (one, other)]
        assert raw[0] == raw[1]
        diffs = [git_in(workspace, "diff-tree", "-r", "--name-status", each).splitlines() for each in (one, other)]
        assert diffs[0][1:] == diffs[1][1:]
    back = yolopatch("remove", "--module", "SPConv", workspace, "--json").json
    assert [one["new"] for one in back["replayed"]] == old, "the same commits have the same ids again"
    _is_sound(workspace, git_in)


def test_what_is_there_already_changes_nothing(workspace, add, commit, git_in, fingerprint):
    side = git_in(workspace, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "side").strip()
    commit("mine")
    git_in(workspace, "merge", "-q", "-m", "merged", side)
    before = fingerprint(workspace)
    ran = add("--json", module="RefConv")
    assert (ran.code, ran.json["changed"], ran.json["replayed"]) == (0, False, [])
    assert fingerprint(workspace) == before
    ran = add("--into", "new", module="RefConv")
    assert ran.code == 0
    assert "nothing to change, so there is no branch new" in ran.err
    assert fingerprint(workspace) == before


def test_a_conflict_changes_nothing_and_is_finished_with_git(workspace, add, commit, git_in, yolopatch, fingerprint):
    _edit_end(workspace)
    first = commit("no conflict")
    _edit_where_modules_come(workspace)
    second = commit("my import")
    (workspace / "more.txt").write_text("mine")
    commit("on top")
    before = fingerprint(workspace)
    ran = add()
    assert (ran.code, ran.out) == (3, "")
    assert (
        f"your commit {second[:12]} (my import) cannot be replayed: it conflicts with the new base in 1 file" in ran.err
    )
    assert "nothing was changed" in ran.err
    assert re.search(rf"{PARSER}, line \d+: your commit and yolopatch's both change these lines", ran.err)
    assert "  yours:       import mine\n" in ran.err
    told = add("--json").json["error"]["stopped"]
    assert (told["commit"], told["files"][0]["path"]) == (second, PARSER)
    assert told["files"][0]["hunks"][0]["yours"] == ["import mine"]
    assert fingerprint(workspace) == before

    hint = ran.err.split("next: `")[1].split("`")[0]
    ran = yolopatch(*shlex.split(hint)[1:], "--json")
    assert ran.code == 3
    told = ran.json
    assert (told["into"], told["stopped"]["commit"]) == ("by-hand", second)
    assert [one["old"] for one in told["replayed"]] == [first]
    assert [one["name"] for one in told["modules"]] == ["RefConv", "SPConv"]
    assert git_in(workspace, "rev-parse", "by-hand~1").strip() == told["commit"]
    assert git_in(workspace, "status", "--porcelain", "--branch") == "## yolopatch\n"

    subprocess.run(told["by_hand"], shell=True, capture_output=True)
    text = (workspace / PARSER).read_text()
    assert "<<<<<<< " in text
    (workspace / PARSER).write_text(re.sub(r"^(<<<<<<<|=======|>>>>>>>).*\n", "", text, flags=re.MULTILINE))
    git_in(workspace, "add", PARSER)
    git_in(workspace, "-c", "core.editor=true", "rebase", "--continue")
    told = yolopatch("status", workspace, "--json").json
    assert [one["name"] for one in told["modules"]] == ["RefConv", "SPConv"]
    assert [one.split(" ", 1)[1] for one in told["own_commits"]] == ["on top", "my import", "no conflict"]
    assert (told["branch"], told["obstacles"]) == ("yolopatch", [])


def test_into_a_branch_without_a_conflict(workspace, add, commit, git_in):
    _edit_end(workspace)
    old = commit("mine")
    ran = add("--into", "by-hand")
    assert ran.code == 0
    assert "left on the branch by-hand; the workspace is as it was" in ran.out
    assert _head(workspace, git_in) == old
    _is_sound(workspace, git_in)
    subprocess.run(ran.out.split("  next      ")[1], shell=True, check=True)
    assert "spconv" in (workspace / PARSER).read_text()
    assert git_in(workspace, "rev-parse", "by-hand", "ORIG_HEAD").split() == [_head(workspace, git_in), old]


@pytest.mark.parametrize("where", ["a branch", "no branch"])
def test_into_a_branch_from_elsewhere(where, workspace, add, commit, git_in):
    git_in(workspace, "switch", "-q", *(["-c", "experiment"] if where == "a branch" else ["--detach"]))
    mine = commit("mine")
    assert add().code == 3
    ran = add("--into", "experiment/two" if where == "no branch" else "two", "--json")
    assert (ran.code, [one["old"] for one in ran.json["replayed"]]) == (0, [mine])
    assert _head(workspace, git_in) == mine


def test_into_what_is_no_new_branch(workspace, add, git_in, fingerprint):
    git_in(workspace, "branch", "a/b")
    before = fingerprint(workspace)
    for name, code, words in (
        ("yolopatch", 3, "has a branch yolopatch already"),
        ("yolopatch/new", 3, "has a branch yolopatch already"),
        ("a", 3, "has a branch a/b already"),
        ("", 2, "git takes no branch of the name ''"),
        ("a b", 2, "git takes no branch of the name 'a b'"),
        ("HEAD", 2, "git takes no branch of the name 'HEAD'"),
        ("@{-1}", 2, "git takes no branch of the name"),
    ):
        ran = add("--into", name)
        assert (ran.code, words in ran.err) == (code, True), (name, ran.err)
    assert fingerprint(workspace) == before


def test_into_without_a_workspace(yolopatch, tmp_path):
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w", "--into", "new")
    assert ran.code == 2
    assert "there is no workspace at" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_merge_is_refused_and_finished_with_git(workspace, add, commit, git_in, yolopatch, fingerprint):
    base = _head(workspace, git_in)
    git_in(workspace, "switch", "-qc", "side")
    (workspace / "side.txt").write_text("side")
    commit("on the side")
    git_in(workspace, "switch", "-q", "yolopatch")
    (workspace / "mine.txt").write_text("mine")
    commit("mine")
    git_in(workspace, "merge", "-q", "--no-ff", "-m", "merged", "side")
    before = fingerprint(workspace)
    ran = add()
    assert ran.code == 3
    assert "(merged) cannot be replayed: it is a merge commit" in ran.err
    assert "nothing was changed" in ran.err
    (told,) = yolopatch("status", workspace, "--json").json["obstacles"]
    assert f"error: {told['what']}; nothing was changed" in ran.err
    assert "apply or remove with --into by-hand makes a branch" in told["hint"]
    assert fingerprint(workspace) == before
    told = yolopatch(*shlex.split(ran.err.split("next: `")[1].split("`")[0])[1:], "--json").json
    assert (told["replayed"], git_in(workspace, "rev-parse", "by-hand").strip()) == ([], told["commit"])
    subprocess.run(told["by_hand"], shell=True, check=True, capture_output=True)
    assert git_in(workspace, "log", "-1", "--format=%s").strip() == "merged"
    told = yolopatch("status", workspace, "--json").json
    assert told["commit"] != base
    assert [one["name"] for one in told["modules"]] == ["RefConv", "SPConv"]


def test_what_names_commits_of_before_stays_and_is_told(workspace, add, commit, git_in):
    _edit_end(workspace)
    old = commit("mine")
    git_in(workspace, "tag", "v1")
    git_in(workspace, "tag", "-am", "annotated", "v2")
    git_in(workspace, "branch", "experiment")
    git_in(workspace, "branch", "other", "HEAD~1")
    git_in(workspace, "notes", "add", "-m", "learns")
    _edit_end(workspace)
    git_in(workspace, "stash", "-q")
    refs = git_in(workspace, "for-each-ref", "refs/tags", "refs/notes", "refs/stash", "refs/heads/experiment")
    ran = add("--json")
    assert ran.code == 0, ran.err
    new = ran.json["replayed"][0]["new"]
    assert "still at your commits as they were before: the branch experiment, the tag v1, the tag v2\n" in ran.err
    assert git_in(workspace, "for-each-ref", "refs/tags", "refs/notes", "refs/stash", "refs/heads/experiment") == refs
    copy = f"git -C {shlex.quote(str(workspace))} notes --ref=commits copy {old} {new}"
    assert copy in ran.err
    subprocess.run(copy, shell=True, check=True, capture_output=True)
    assert git_in(workspace, "notes", "show", new).strip() == "learns"
    git_in(workspace, "stash", "pop", "-q")
    assert (workspace / PARSER).read_text().endswith("# mine\n# mine\n")


def test_commits_of_before_are_kept_by_gits_log(workspace, add, commit, git_in):
    old = commit("mine")
    assert add().code == 0
    git_in(workspace, "gc", "-q", "--prune=now")
    assert git_in(workspace, "rev-parse", "yolopatch@{1}").strip() == old
    assert git_in(workspace, "cat-file", "-t", old).strip() == "commit"


def test_a_configuration_that_signs_converts_and_hooks_changes_nothing(workspace, add, commit, git_in, tmp_path):
    _edit_end(workspace)
    old = commit("mine")
    ran = tmp_path / "ran"
    for hook in ("pre-commit", "commit-msg", "post-commit", "post-rewrite", "reference-transaction", "post-checkout"):
        file = workspace / ".git/hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
        file.chmod(0o755)
    for key, value in {
        "commit.gpgSign": "true",
        "gpg.program": "/bin/false",
        "core.autocrlf": "true",
        "rebase.updateRefs": "true",
        "merge.conflictStyle": "diff3",
        "user.useConfigOnly": "true",
        "core.abbrev": "4",
        "diff.renames": "false",
        "log.date": "relative",
        "format.pretty": "%h",
    }.items():
        git_in(workspace, "config", key, value)
    told = add("--json").json
    assert [one["old"] for one in told["replayed"]] == [old]
    assert "gpgsig" not in git_in(workspace, "cat-file", "commit", "HEAD")
    assert b"\r" not in (workspace / PARSER).read_bytes()
    assert not ran.exists()


@pytest.mark.slow
def test_two_work_trees(workspace, add, commit, git_in, tmp_path):
    old = commit("mine")
    git_in(workspace, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    git_in(workspace, "worktree", "add", "-q", "--detach", str(tmp_path / "detached"))
    ran = add("--json")
    assert ran.code == 0, ran.err
    for name in ("other", "detached"):
        assert git_in(tmp_path / name, "rev-parse", "HEAD").strip() == old
        assert git_in(tmp_path / name, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_file_of_the_users_in_the_way_of_a_replay(workspace, add, commit, git_in, fingerprint):
    commit("mine")
    (workspace / "ultralytics/nn/modules/spconv.py").write_text("mine = True\n")
    before = fingerprint(workspace)
    ran = add()
    assert ran.code == 3
    assert "spconv.py is not tracked by git and in the way; nothing was changed" in ran.err
    assert fingerprint(workspace) == before


@pytest.mark.slow
def test_a_shallow_clone_of_a_workspace(workspace, add, commit, git_in, tmp_path, yolopatch):
    _edit_end(workspace)
    commit("mine")
    depth = len(git_in(workspace, "rev-list", "HEAD").split())
    clone = tmp_path / "clone"
    git_in(tmp_path, "clone", "-q", f"--depth={depth}", f"file://{workspace}", str(clone))
    told = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", clone, "--json").json
    assert told["replayed"] == add("--json").json["replayed"]
    _is_sound(clone, git_in)
