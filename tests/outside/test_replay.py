"""Commits of a user's on a base with another module: what is brought over, what stops, and why. Nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yolopatch.core.replay import conflicts
from yolopatch.outside.git import snapshot
from yolopatch.outside.workspace.replay import CONFLICT, MERGE, OURS, SIGNED, Replay, find_stop, plan_replay
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.workspace.apply import apply
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import load_patchset

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"
MODULE = "ultralytics/nn/modules/dsconv.py"
COMING = "ultralytics/nn/modules/spconv.py"
IMPORT = "from ultralytics.nn.modules.dsconv import"


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory, cache, need_pin) -> Path:
    """A workspace with DSConv. The tests of this file commit to it, one after the other."""
    need_pin(PIN)
    place = tmp_path_factory.mktemp("replay") / "w"
    apply(PIN, ["DSConv"], "paper", place, "auto", cache)
    return place


@pytest.fixture
def place(shared_place, git_in):
    """The workspace, without the commits of other tests."""
    base = git_in(shared_place, "rev-parse", "HEAD").strip()
    yield shared_place
    git_in(shared_place, "reset", "-q", "--hard", base)
    git_in(shared_place, "clean", "-qfdx")


@pytest.fixture
def commit(place, git_in):
    """Commit everything that was changed in the workspace, and give the id."""

    def make(message: str = "mine", *options: str) -> str:
        git_in(place, "add", "-A")
        git_in(place, "commit", "-q", "-m", message, *options)
        return git_in(place, "rev-parse", "HEAD").strip()

    return make


def _plan(place: Path, *modules: str) -> Replay:
    """Plan the user's commits on a base with these modules."""
    workspace = read_workspace(place)
    root = snapshot.read_root(workspace.repository, workspace.root.id)
    read = snapshot.pristine_reader(workspace.repository, root.blobs)
    patchset = load_patchset(workspace.pin, [Choice(module, "paper") for module in modules], read=read)
    return plan_replay(workspace, root, patchset.steps(read, root, workspace.source))


def _edit(file: Path, old: str, new: str) -> None:
    data = file.read_bytes()
    assert data.count(old.encode()) >= 1
    file.write_bytes(data.replace(old.encode(), new.encode(), 1))


def _same_lines(place: Path) -> None:
    _edit(place / PARSER, IMPORT, f"import mine\n{IMPORT}")
    _edit(place / PARSER, "from ultralytics.utils import", "import mine_too\nfrom ultralytics.utils import")


def _deleted(place: Path) -> None:
    (place / PARSER).unlink()


def _edit_of_what_goes(place: Path) -> None:
    _edit(place / MODULE, "import torch", "import torch  # mine")


def _move_of_what_goes(place: Path) -> None:
    (place / MODULE).rename(place / "mine.py")


def _the_same_file(place: Path) -> None:
    (place / COMING).write_text("mine = True\n")


def _a_folder_there(place: Path) -> None:
    (place / COMING).mkdir()
    (place / COMING / "mine.txt").write_text("mine")


def _a_link_instead(place: Path) -> None:
    (place / PARSER).unlink()
    (place / PARSER).symlink_to("../mine.py")


def _a_link_above(place: Path) -> None:
    (place / "ultralytics/nn/modules").rename(place / "elsewhere")
    (place / "ultralytics/nn/modules").symlink_to("../../elsewhere")


def _no_text(place: Path) -> None:
    (place / PARSER).write_bytes(b"\0" + (place / PARSER).read_bytes())


def _our_stamp(place: Path) -> None:
    _edit(place / "ultralytics/utils/fork.py", "FORK = {", "FORK = {'mine': True, ")


def _all_lines(place: Path) -> None:
    (place / PARSER).write_text("mine = True\n")


@pytest.mark.parametrize(
    ("edit", "modules", "path", "why"),
    [
        (_same_lines, ["DSConv", "SPConv"], PARSER, conflicts.SAME_LINES),
        (_all_lines, ["DSConv", "SPConv"], PARSER, conflicts.SAME_LINES),
        (_our_stamp, ["DSConv", "SPConv"], "ultralytics/utils/fork.py", conflicts.SAME_LINES),
        (_deleted, ["DSConv", "SPConv"], PARSER, conflicts.YOU_DELETE),
        (_edit_of_what_goes, [], MODULE, conflicts.WE_DELETE),
        (_move_of_what_goes, [], "mine.py", conflicts.YOU_MOVE),
        (_the_same_file, ["DSConv", "SPConv"], COMING, conflicts.BOTH_ADD),
        (_a_folder_there, ["DSConv", "SPConv"], COMING, conflicts.FOLDER),
        (_a_link_instead, ["DSConv", "SPConv"], PARSER, conflicts.NO_FILE),
        (_a_link_above, ["DSConv", "SPConv"], "ultralytics/nn/modules", conflicts.FOLDER),
        (_no_text, ["DSConv", "SPConv"], PARSER, conflicts.BINARY),
    ],
)
def test_what_conflicts(edit, modules, path, why, place, commit, fingerprint):
    (place / "before.txt").write_text("fine")
    commit("can be replayed")
    edit(place)
    mine = commit()
    before = fingerprint(place)
    planned = _plan(place, *modules)
    assert [one.commit.subject for one in planned.done] == ["can be replayed"]
    assert (planned.stop.commit.id, planned.stop.kind) == (mine, CONFLICT)
    assert (path, why) in [(file.path, file.why) for file in planned.stop.files]
    assert fingerprint(place) == before


def test_a_hunk_is_named_with_its_line_and_both_sides(place, commit):
    _same_lines(place)
    commit()
    (file,) = _plan(place, "DSConv", "SPConv").stop.files
    lines = (place / PARSER).read_text().splitlines()
    (hunk,) = file.hunks
    assert hunk.yours == ("import mine_too",)
    assert lines[hunk.line - 1] == "import mine_too"
    assert hunk.base == ("from ultralytics.nn.modules.spconv import C3k2_SPConv, Conv_SPConv, SPConv_3x3",)


def test_what_our_modules_do_not_touch_is_no_conflict(place, commit):
    before = (place / PARSER).read_text()
    _edit(place / PARSER, "import contextlib", "import contextlib  # mine")
    commit()
    planned = _plan(place, "DSConv", "SPConv")
    assert planned.stop is None
    merged = planned.made[planned.tree[PARSER].blob].decode()
    assert "import contextlib  # mine" in merged
    assert "spconv import" in merged
    assert "spconv import" not in before


def test_a_file_that_the_user_moved_gets_what_the_new_base_changes_in_it(place, commit):
    (place / PARSER).rename(place / "ultralytics/nn/moved.py")
    commit()
    planned = _plan(place, "DSConv", "SPConv")
    assert planned.stop is None
    assert PARSER not in planned.tree
    assert b"spconv import" in planned.made[planned.tree["ultralytics/nn/moved.py"].blob]


def test_a_module_that_comes_is_never_taken_for_one_that_goes(place, commit):
    """Their files look alike, so that git would bring an edit of the one into the other."""
    _edit_of_what_goes(place)
    commit()
    planned = _plan(place, "SPConv")
    assert [file.path for file in planned.stop.files] == [MODULE]


def test_line_ends_that_an_editor_changed_are_no_conflict(place, commit):
    (place / PARSER).write_bytes((place / PARSER).read_bytes().replace(b"\n", b"\r\n"))
    commit()
    planned = _plan(place, "DSConv", "SPConv")
    assert planned.stop is None
    merged = planned.made[planned.tree[PARSER].blob]
    assert b"spconv import" in merged
    assert merged.count(b"\r\n") == merged.count(b"\n")


def test_a_commit_of_which_the_new_base_has_everything(place, commit):
    _the_same_file(place)
    commit()
    planned = _plan(place, "DSConv", "SPConv")
    (place / COMING).write_bytes(planned.made[planned.tree[COMING].blob])
    commit("the same as SPConv's", "--amend")
    planned = _plan(place, "DSConv", "SPConv")
    assert [(one.is_emptied, dict(one.changes)) for one in planned.done] == [(True, {})]


def test_an_empty_commit_is_not_told_as_emptied(place, commit):
    commit("empty", "--allow-empty")
    assert [one.is_emptied for one in _plan(place, "SPConv").done] == [False]


def _merge(place: Path, git_in) -> None:
    side = git_in(place, "commit-tree", "HEAD~1^{tree}", "-p", "HEAD~1", "-m", "side").strip()
    git_in(place, "merge", "-q", "-s", "ours", "-m", "merged", side)


def _sign(place: Path, git_in) -> None:
    raw = git_in(place, "cat-file", "commit", "HEAD")
    headers, message = raw.split("\n\n", 1)
    (place / "raw").write_text(f"{headers}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END\n\n{message}")
    made = git_in(place, "hash-object", "-t", "commit", "-w", "raw").strip()
    (place / "raw").unlink()
    git_in(place, "reset", "-q", "--hard", made)


def _amend_ours(place: Path, git_in) -> None:
    git_in(place, "commit", "-q", "--amend", "-C", "HEAD~1")


@pytest.mark.parametrize(("make", "kind"), [(_merge, MERGE), (_sign, SIGNED), (_amend_ours, OURS)])
def test_what_cannot_be_replayed_on_any_base(make, kind, place, commit, git_in):
    (place / "mine.txt").write_text("mine")
    commit()
    make(place, git_in)
    (place / "more.txt").write_text("mine")
    commit("fine")
    mine = git_in(place, "rev-parse", "HEAD~1").strip()
    planned = _plan(place, "DSConv", "SPConv")
    assert (planned.stop.kind, planned.stop.commit.id) == (kind, mine)
    assert planned.done == ()
    assert find_stop(read_workspace(place)) == planned.stop


def test_a_configuration_with_programs_for_merges_runs_none(place, commit, git_in, tmp_path):
    ran = tmp_path / "ran"
    git_in(place, "config", "merge.mine.driver", f"touch {ran}")
    git_in(place, "config", "merge.conflictStyle", "diff3")
    (place / ".git/info").mkdir(exist_ok=True)
    (place / ".git/info/attributes").write_text("* merge=mine\n")
    _same_lines(place)
    commit()
    (file,) = _plan(place, "DSConv", "SPConv").stop.files
    assert file.hunks[0].base[0].startswith("from ultralytics.nn.modules.spconv")
    assert not os.path.exists(ran)
    git_in(place, "config", "--remove-section", "merge.mine")
