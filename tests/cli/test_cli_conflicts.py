"""The user's own work is never overwritten: exit 3, what is in the way, the command that saves it, nothing changed.

Where the hint is a command, the test types it and runs yolopatch again.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS

PIN = "ultralytics-8.3.0"
PARSER = PINS[PIN].layout.parser


@pytest.fixture
def refused(yolopatch, fingerprint):
    """Check that `apply` and `remove` are refused with 3, and change nothing, as `status` says; give what was said."""

    def check(place: Path) -> str:
        before = fingerprint(place)
        told = []
        for call in (
            ["apply", "--repo", PIN, "--module", "SPConv", "--dest", place],
            ["remove", "--module", "RefConv", place],
        ):
            ran = yolopatch(*call)
            assert ran.code == 3, (ran.out, ran.err)
            assert ran.out == ""
            assert "nothing was changed" in ran.err
            assert "  next: " in ran.err
            told.append(ran.err)
        _is_said_by_status(yolopatch, place, told[0])
        assert fingerprint(place) == before
        return told[0]

    return check


def _is_said_by_status(yolopatch, place: Path, told: str) -> None:
    status = yolopatch("status", place, "--json").json
    assert not status["clean"]
    first = status["obstacles"][0]
    assert f"error: {first['what']}; nothing was changed" in told
    assert f"  next: {first['hint']}" in told
    shown = yolopatch("status", place).out
    assert f"in the way of apply and remove: {first['what']}" in shown
    assert f"next: {first['hint']}" in shown


def _type_the_hint(told: str, cwd: Path) -> None:
    for command in re.findall(r"`([^`]+)`", told.split("  next: ")[1]):
        subprocess.run(command, shell=True, check=True, cwd=cwd, capture_output=True)


def _works_now(yolopatch, place: Path) -> None:
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", place, "--json")
    assert (ran.code, ran.json["changed"]) == (0, True), ran.err


@pytest.fixture(autouse=True)
def _somebody(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A User")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "user@example.org")


def _edit(place: Path) -> None:
    file = place / PARSER
    file.write_text(file.read_text() + "# mine\n")


def _edits(place: Path, git) -> dict[str, object]:
    def staged():
        _edit(place)
        git(place, "add", "-A")

    def new_staged():
        (place / "mine.py").write_text("x")
        git(place, "add", "mine.py")

    return {
        "unstaged": lambda: _edit(place),
        "staged": staged,
        "deleted": (place / PARSER).unlink,
        "removed": lambda: git(place, "rm", "-q", PARSER),
        "renamed": lambda: git(place, "mv", PARSER, "mine.py"),
        "new and staged": new_staged,
        "known by name": lambda: ((place / "mine.py").write_text("x"), git(place, "add", "-N", "mine.py")),
        "another mode": lambda: (place / PARSER).chmod(0o755),
        "a link instead": lambda: ((place / PARSER).unlink(), (place / PARSER).symlink_to("/etc/passwd")),
    }


@pytest.mark.parametrize(
    "edit",
    [
        "unstaged",
        "staged",
        "deleted",
        "removed",
        "renamed",
        "new and staged",
        "known by name",
        "another mode",
        "a link instead",
    ],
)
def test_changes_that_are_not_committed(edit, workspace, refused, yolopatch, git_in):
    _edits(workspace, git_in)[edit]()
    told = refused(workspace)
    assert "has changes that are not committed" in told
    assert "changed: " in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)
    assert git_in(workspace, "stash", "list") != "", "and the work is there"


def test_a_conflict_of_a_stash(workspace, refused, yolopatch, git_in):
    git_in(workspace, "switch", "-q", "--detach", "HEAD~2")
    (workspace / PARSER).write_text("mine = True\n")
    git_in(workspace, "stash")
    git_in(workspace, "switch", "-q", "yolopatch")
    git_in(workspace, "stash", "pop", check=False)
    assert git_in(workspace, "status", "--porcelain") == f"UU {PARSER}\n"
    _type_the_hint(refused(workspace), workspace.parent)
    _works_now(yolopatch, workspace)
    assert "mine = True" in git_in(workspace, "show", f"stash@{{1}}:{PARSER}"), "nothing of it is lost"


def test_an_amended_commit_of_ours(workspace, refused, yolopatch, git_in):
    git_in(workspace, "branch", "my-work")  # the name that one would think of first is taken
    git_in(workspace, "commit", "-q", "--amend", "--no-edit")
    mine = git_in(workspace, "rev-parse", "HEAD").strip()
    told = refused(workspace)
    assert "cannot be replayed: it is a commit of yolopatch's that was amended or moved" in told
    assert f"yours: {mine[:12]} Stamp checkpoints" in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)
    assert git_in(workspace, "rev-parse", "my-work-2").strip() == mine


def test_an_amended_root(workspace, yolopatch, git_in, fingerprint):
    git_in(workspace, "reset", "-q", "--hard", "HEAD~2")
    git_in(workspace, "commit", "-q", "--amend", "--no-edit")
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace)
    assert ran.code == 3
    assert "is not a yolopatch workspace: its history does not start with a pin" in ran.err
    assert fingerprint(workspace) == before


def test_a_branch_of_their_own(workspace, refused, yolopatch, git_in):
    git_in(workspace, "switch", "-qc", "experiment")
    _edit(workspace)
    git_in(workspace, "commit", "-q", "-am", "mine")
    told = refused(workspace)
    assert "is on the branch experiment, not on the branch yolopatch" in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)
    assert git_in(workspace, "log", "-1", "--format=%s", "experiment").strip() == "mine"


def test_our_branch_renamed(workspace, refused, yolopatch, git_in):
    git_in(workspace, "branch", "-m", "yolopatch", "renamed")
    told = refused(workspace)
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)


def test_a_detached_head(workspace, refused, yolopatch, git_in):
    git_in(workspace, "switch", "-q", "--detach", "HEAD")
    told = refused(workspace)
    assert "is on no branch (detached HEAD)" in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)


def test_a_commit_on_a_detached_head_is_not_lost(workspace, refused, yolopatch, git_in):
    git_in(workspace, "switch", "-q", "--detach", "HEAD")
    _edit(workspace)
    git_in(workspace, "commit", "-q", "-am", "my idea")
    mine = git_in(workspace, "rev-parse", "HEAD").strip()
    _type_the_hint(refused(workspace), workspace.parent)
    _works_now(yolopatch, workspace)
    assert git_in(workspace, "rev-parse", "my-work").strip() == mine


def _conflicting_branches(place: Path, git) -> None:
    """A branch that conflicts with the one checked out, both the user's."""
    git(place, "switch", "-qc", "theirs", "HEAD~1")
    for branch in ("theirs", "mine"):
        if branch == "mine":
            git(place, "switch", "-qc", "mine", "theirs~1")
        (place / "README-mine.md").write_text(branch)
        git(place, "add", "README-mine.md")
        git(place, "commit", "-q", "-m", branch)


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick", "am"])
def test_in_the_middle_of_something(what, workspace, refused, yolopatch, git_in, tmp_path):
    _conflicting_branches(workspace, git_in)
    arguments = ["theirs"]
    if what == "am":
        arguments = [str(tmp_path / "p.patch")]
        (tmp_path / "p.patch").write_text(git_in(workspace, "format-patch", "-1", "--stdout", "theirs"))
    git_in(workspace, what, *arguments, check=False)
    told = refused(workspace)
    assert f"has an unfinished {what}" in told
    assert yolopatch("status", workspace, "--json").json["operation"] == what
    _type_the_hint(told, workspace.parent)
    told = refused(workspace)
    assert "is on the branch mine" in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)


def test_a_merge_without_a_conflict_that_is_not_committed(workspace, refused, yolopatch, git_in):
    git_in(workspace, "switch", "-qc", "side", "HEAD~1")
    git_in(workspace, "commit", "-q", "--allow-empty", "-m", "side")
    git_in(workspace, "switch", "-q", "yolopatch")
    git_in(workspace, "merge", "-q", "--no-commit", "--no-ff", "-s", "ours", "side")
    assert git_in(workspace, "status", "--porcelain") == "", "git status shows nothing of it"
    told = refused(workspace)
    assert "has an unfinished merge" in told
    _type_the_hint(told, workspace.parent)
    _works_now(yolopatch, workspace)


LOCKS = ["index", "HEAD", "ORIG_HEAD", "config", "packed-refs", "shallow", "refs/heads/yolopatch", "refs/tags/v1"]


@pytest.mark.parametrize("lock", [f"{name}.lock" for name in (*LOCKS, "logs/refs/heads/mine", "info/sparse-checkout")])
def test_gits_own_lock(lock, workspace, refused, yolopatch):
    (workspace / ".git" / lock).parent.mkdir(parents=True, exist_ok=True)
    (workspace / ".git" / lock).write_text("")
    told = refused(workspace)
    assert f"{lock} exists: git is running in this workspace, or was killed in it" in told
    _type_the_hint(told.replace("`, then", "`", 1), workspace.parent)
    _works_now(yolopatch, workspace)


def test_the_locks_of_other_repositories_and_of_gits_work_in_the_background_are_in_nobodys_way(workspace, yolopatch):
    for name in ("worktrees/a/index.lock", "modules/b/HEAD.lock", "objects/maintenance.lock", "lfs/c.lock"):
        (workspace / ".git" / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / ".git" / name).write_text("")
    _works_now(yolopatch, workspace)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_was_told_to_overlook(flag, workspace, refused, yolopatch, git_in):
    git_in(workspace, "update-index", flag, PARSER)
    _edit(workspace)
    assert git_in(workspace, "status", "--porcelain") == ""
    told = refused(workspace)
    assert f"{PARSER} has changes that git ignores" in told
    _type_the_hint(told, workspace.parent)
    _type_the_hint(refused(workspace), workspace.parent)  # git shows it now
    _works_now(yolopatch, workspace)


@pytest.mark.parametrize("kind", ["file", "ignored file", "folder", "dangling link"])
def test_an_untracked_file_where_a_modules_file_would_go(kind, workspace, yolopatch, fingerprint):
    theirs = workspace / "ultralytics/nn/modules/spconv.py"
    {
        "file": lambda: theirs.write_text("mine = True\n"),
        "ignored file": lambda: (
            theirs.write_text("mine = True\n"),
            (workspace / ".git/info").mkdir(exist_ok=True),
            (workspace / ".git/info/exclude").write_text("spconv.py\n"),
        ),
        "folder": lambda: (theirs.mkdir(), (theirs / "x").write_text("")),
        "dangling link": lambda: theirs.symlink_to("nowhere"),
    }[kind]()
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--module", "DSConv", "--dest", workspace)
    assert ran.code == 3
    assert f"{theirs} is not tracked by git and in the way; nothing was changed" in ran.err
    _is_said_by_status(yolopatch, workspace, ran.err)
    assert fingerprint(workspace) == before
    _type_the_hint(ran.err, workspace.parent)
    _works_now(yolopatch, workspace)
    assert theirs.with_name("spconv.py.mine").is_symlink() or theirs.with_name("spconv.py.mine").exists()


def test_a_file_that_was_changed_after_a_run_was_interrupted(workspace, refused, yolopatch, git_in):
    ours = git_in(workspace, "rev-parse", "HEAD").strip()
    new = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace, "--json").json["commit"]
    assert yolopatch("remove", "--module", "SPConv", workspace).code == 0
    assert git_in(workspace, "rev-parse", "HEAD").strip() == ours
    (workspace / ".git/yolopatch-switch").write_text(json.dumps({"from": ours, "to": new}))
    theirs = workspace / "ultralytics/nn/modules/spconv.py"
    theirs.write_text("mine = True\n")
    told = refused(workspace)
    assert f"{theirs} was changed after a run was interrupted" in told
    _type_the_hint(told, workspace.parent)
    assert yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace).code == 0
    assert yolopatch("status", workspace, "--json").json["clean"]
    assert theirs.with_name("spconv.py.mine").read_text() == "mine = True\n"


def _no_git(place: Path, git) -> None:
    (place / "file.txt").write_text("mine")


def _their_repository(place: Path, git) -> None:
    git(place, "init", "-q")
    (place / "file.txt").write_text("mine")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "theirs")


def _no_commit(place: Path, git) -> None:
    git(place, "init", "-q")


def _empty_git_folder(place: Path, git) -> None:
    (place / ".git").mkdir()


def _broken_config(place: Path, git) -> None:
    _their_repository(place, git)
    (place / ".git" / "config").write_text("[core\n")


@pytest.mark.parametrize("make", [_no_git, _their_repository, _no_commit, _empty_git_folder, _broken_config])
def test_a_folder_that_is_no_workspace(make, yolopatch, tmp_path, git_in, fingerprint):
    place = tmp_path / "theirs"
    place.mkdir()
    make(place, git_in)
    before = fingerprint(place)
    for call, code in (
        # it would write there: the user's files are in the way
        (["apply", "--repo", PIN, "--module", "DSConv", "--dest", place], 3),
        (["apply", "--repo", "ultralytics", "--module", "DSConv", "--dest", place], 3),
        # it was told to work on a workspace, and this is none: wrong usage
        (["remove", "--module", "DSConv", place], 2),
        (["status", place], 2),
        (["diff", place], 2),
        (["summary", place, "--cfg", "any.yaml"], 2),
        (["verify", place, "--cfg", "any.yaml"], 2),
        (["transplant", place, "--cfg", "any.yaml", "--weights", "any.pt", "--out", "out.pt"], 2),
        (["env", "run", place, "python"], 2),
        (["env", "create", place], 2),
        (["doctor", place], 2),
    ):
        ran = yolopatch(*call)
        assert (ran.code, ran.out) == (code, ""), (call, ran.err)
        assert f"{place} is not a yolopatch workspace: " in ran.err
    assert fingerprint(place) == before


def test_a_broken_workspace_inside_a_workspace_leaves_the_outer_one(workspace, yolopatch, fingerprint):
    inner = workspace / "inner"
    (inner / ".git").mkdir(parents=True)
    before = fingerprint(workspace)
    for call in (["remove", "--module", "RefConv", inner], ["status", inner]):
        assert yolopatch(*call).code == 2
    assert fingerprint(workspace) == before


def test_a_file_where_the_workspace_would_be(yolopatch, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "file").code == 3
    assert (tmp_path / "file").read_text() == "mine"
    assert yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "file" / "below").code == 1


def test_a_workspace_of_another_pin(workspace, yolopatch, fingerprint):
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", "ultralytics-8.4.0", "--module", "DSConv", "--dest", workspace)
    assert ran.code == 3
    assert "is a workspace of ultralytics-8.3.0, not of ultralytics-8.4.0" in ran.err
    assert fingerprint(workspace) == before


def test_another_flavor_of_a_module_that_is_there(workspace, yolopatch, fingerprint):
    before = fingerprint(workspace)
    call = ["apply", "--repo", PIN, "--module", "DSConv", "--module", "RefConv", "--flavor", "tutorial"]
    ran = yolopatch(*call, "--dest", workspace)
    assert ran.code == 1
    assert "has RefConv in the flavor paper" in ran.err
    assert fingerprint(workspace) == before
    command = ran.err.split("  next: ")[1].strip()
    assert command.startswith("yolopatch remove --module RefConv '")
    assert yolopatch("remove", "--module", "RefConv", workspace).code == 0
    assert yolopatch(*call, "--dest", workspace).code == 0


def test_what_is_the_users_survives(workspace, yolopatch, git_in):
    (workspace / "data.txt").write_text("untracked")
    (workspace / "runs").mkdir()
    (workspace / "runs" / "best.pt").write_bytes(b"ignored")
    git_in(workspace, "config", "user.email", "me@example.org")
    git_in(workspace, "remote", "add", "origin", "https://example.org/x.git")
    git_in(workspace, "tag", "mine")
    git_in(workspace, "branch", "idea")
    _edit(workspace)
    git_in(workspace, "stash", "push", "-q", "-m", "later")
    config = (workspace / ".git" / "config").read_text()
    kept = git_in(workspace, "for-each-ref", "--format=%(refname) %(objectname)", "refs/stash", "refs/tags")
    other = git_in(workspace, "rev-parse", "idea")
    _works_now(yolopatch, workspace)
    assert yolopatch("remove", "--module", "RefConv", workspace).code == 0
    assert (workspace / "data.txt").read_text() == "untracked"
    assert (workspace / "runs" / "best.pt").read_bytes() == b"ignored"
    assert (workspace / ".git" / "config").read_text() == config
    assert git_in(workspace, "for-each-ref", "--format=%(refname) %(objectname)", "refs/stash", "refs/tags") == kept
    assert git_in(workspace, "rev-parse", "idea") == other
    assert git_in(workspace, "stash", "list").endswith("later\n")
    assert git_in(workspace, "status", "--porcelain") == "?? data.txt\n"


def test_line_ends_that_the_users_git_rewrote_are_no_edit(workspace, yolopatch, git_in):
    data = (workspace / PARSER).read_bytes()
    git_in(workspace, "config", "core.autocrlf", "true")
    (workspace / PARSER).write_bytes(data.replace(b"\n", b"\r\n"))
    git_in(workspace, "add", PARSER)
    git_in(workspace, "reset", "-q")
    assert git_in(workspace, "status", "--porcelain") == ""
    _works_now(yolopatch, workspace)


def test_a_workspace_can_be_moved(workspace, yolopatch, tmp_path):
    shutil.move(workspace, tmp_path / "elsewhere")
    _works_now(yolopatch, tmp_path / "elsewhere")
