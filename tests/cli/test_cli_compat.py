"""`--compat`: its own commit below the modules', in and out again, said by every command, and never unasked."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from yolopatch import __version__
from yolopatch.catalog.environment.compat import COMPAT_FIXES
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.resources import fix_file
from yolopatch.outside.git.snapshot import pristine_reader, read_root
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.outside.workspace.replay import plan_replay
from yolopatch.outside.workspace.switch import switch
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.workspace import patchset
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import load_patchset

PIN = "ultralytics-8.2.50"
UNMENDED = "ultralytics-8.4.0"
MODULES = ("--module", "DSConv", "--module", "RefConv")


def test_the_mends_are_one_commit_on_the_pin_before_the_modules(apply, tmp_path, git_in):
    told = apply("w", "--compat", *MODULES).json
    subjects = git_in(tmp_path / "w", "log", "--reverse", "--format=%s").splitlines()
    mended = "Run on newer libraries"
    assert subjects == [
        "ultralytics 8.2.50, unchanged",
        mended,
        "Add DSConv (paper)",
        "Add RefConv (paper)",
        "Stamp checkpoints",
    ]
    trailers = git_in(tmp_path / "w", "log", "-1", "--format=%(trailers:only)", "HEAD~3").splitlines()
    assert trailers[0] == f"Yolopatch-Pin: {PIN}"
    assert trailers[1].startswith("Yolopatch-Compat: sha256:")
    assert trailers[2] == f"Yolopatch-Version: {__version__}"
    assert (told["compat"], [m["name"] for m in told["modules"]]) == (True, ["DSConv", "RefConv"])
    changed = git_in(tmp_path / "w", "diff", "--name-only", "HEAD~4", "HEAD~3").split()
    assert changed == sorted({mend.path for mend in COMPAT_FIXES[PIN]})


def test_the_numbers_of_lines_are_gits(apply, tmp_path, git_in):
    told = apply("w", "--compat", *MODULES).json
    counted = [line.split("\t") for line in git_in(tmp_path / "w", "diff", "--numstat", "HEAD~4").splitlines()]
    assert [[str(f["added"]), str(f["removed"]), f["path"]] for f in told["files"]] == counted


@pytest.mark.more
def test_any_order_and_any_steps_give_one_commit_id(apply):
    parts = (["--compat"], ["--module", "DSConv"], ["--module", "RefConv"])
    commits = set()
    for number, order in enumerate(itertools.permutations(parts)):
        told = [apply(f"w{number}", *arguments).json for arguments in order]
        assert all(state["changed"] for state in told)
        commits.add((told[-1]["commit"], told[-1]["tree"]))
    together = apply("together", *itertools.chain(*parts)).json
    assert commits == {(together["commit"], together["tree"])}
    assert apply("together", "--compat").json["changed"] is False


def test_taken_out_again_the_workspace_is_what_it_was_without(apply, yolopatch, tmp_path):
    exact = apply("exact", *MODULES).json
    mended = apply("mended", "--compat", *MODULES).json
    assert mended["commit"] != exact["commit"]
    ran = yolopatch("remove", "--compat", tmp_path / "mended", "--json")
    assert (ran.code, ran.json["compat"], ran.json["changed"]) == (0, False, True)
    assert (ran.json["commit"], ran.json["tree"], ran.json["files"]) == (exact["commit"], exact["tree"], exact["files"])


def test_the_mends_stay_when_modules_come_and_go(apply, yolopatch, tmp_path):
    alone = apply("w", "--compat").json
    assert (alone["compat"], alone["modules"]) == (True, [])
    assert apply("w", "--module", "DSConv").json["compat"] is True
    back = yolopatch("remove", "--module", "DSConv", tmp_path / "w", "--json").json
    assert (back["compat"], back["commit"]) == (True, alone["commit"])
    apply("w", "--module", "DSConv")
    both = yolopatch("remove", "--module", "DSConv", "--compat", tmp_path / "w", "--json").json
    assert (both["compat"], both["modules"], both["files"]) == (False, [], [])


def test_status_shows_the_fixes_in_json_and_in_text(apply, yolopatch, tmp_path):
    state = apply("w", "--compat").json
    told = yolopatch("status", tmp_path / "w", "--json").json
    assert (told["compat"], told["clean"], told["version"]) == (True, True, __version__)
    assert told["commit"] == state["commit"]
    assert "compat    fixed for newer libraries" in yolopatch("status", tmp_path / "w").out
    shown = yolopatch("apply", "--repo", PIN, "--compat", "--dest", tmp_path / "w").out
    assert "compat    fixed for newer libraries" in shown
    assert "+2 -2  ultralytics/nn/tasks.py" in shown
    yolopatch("remove", "--compat", tmp_path / "w")
    assert "compat" not in yolopatch("status", tmp_path / "w").out


def test_the_diff_of_the_mends_alone_applies_to_the_pin(apply, yolopatch, tmp_path, pristine_tree, git_in):
    apply("w", "--compat", *MODULES)
    ran = yolopatch("diff", tmp_path / "w", "--compat")
    assert ran.out.startswith("diff --git ")
    assert fix_file(PIN, "compat").read_text().endswith(ran.out)
    (tmp_path / "d.patch").write_text(ran.out)
    git_in(tmp_path, "clone", "-q", str(pristine_tree(PIN)), str(tmp_path / "scratch"))
    git_in(tmp_path / "scratch", "apply", "--index", str(tmp_path / "d.patch"))
    assert git_in(tmp_path / "scratch", "write-tree") == git_in(tmp_path / "w", "rev-parse", "HEAD~3^{tree}")
    told = yolopatch("diff", tmp_path / "w", "--compat", "--json").json
    assert (told["compat"], told["modules"]) == (True, [])
    whole = yolopatch("diff", tmp_path / "w", "--json").json
    assert (whole["compat"], len(whole["modules"])) == (True, 2)
    assert "weights_only" in whole["diff"]
    module = yolopatch("diff", tmp_path / "w", "--module", "DSConv", "--json").json
    assert (module["compat"], "weights_only" in module["diff"]) == (False, False)


def test_a_pin_that_needs_none_says_so(apply, yolopatch, tmp_path):
    exact = apply("exact", "--module", "DSConv", pin=UNMENDED).json
    ran = apply("w", "--compat", "--module", "DSConv", pin=UNMENDED)
    assert f"{UNMENDED} needs no compatibility patch" in ran.err
    assert (ran.json["compat"], ran.json["commit"]) == (False, exact["commit"])
    alone = apply("alone", "--compat", pin=UNMENDED).json
    assert (alone["modules"], alone["files"], alone["compat"]) == ([], [], False)


@pytest.mark.parametrize("command", ["remove", "diff"])
def test_what_is_not_there(command, apply, yolopatch, tmp_path, fingerprint):
    apply("w", "--module", "DSConv")
    before = fingerprint(tmp_path / "w")
    ran = yolopatch(command, tmp_path / "w", "--compat")
    assert ran.code == 1
    assert f"{tmp_path / 'w'} does not have the compatibility patch" in ran.err
    assert "yolopatch status" in ran.err
    assert fingerprint(tmp_path / "w") == before


@pytest.fixture
def other_patches(tmp_path, monkeypatch):
    """Let this yolopatch read its compatibility patch from a copy, which a test may spoil."""
    copy = tmp_path / "compat.patch"
    copy.write_text(fix_file(PIN, "compat").read_text())
    monkeypatch.setattr(patchset, "fix_file", lambda pin, name: copy)
    return copy


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("-        ap = np.trapz(", "-        ap = np.trap(", "ultralytics/utils/metrics.py, line 522"),
        ("+        ap = (np.trapezoid", "+        ap = ((np.trapezoid", "metrics.py does not compile"),
        ("+        ap = (np.trapezoid", "         ap = (np.trapezoid", "is not a valid unified diff"),
        ("+++ b/ultralytics/utils/metrics.py", "+++ b/../metrics.py", "outside the tree"),
        ("diff --git", "git --diff", "has no diff"),
    ],
)
def test_a_damaged_patch_changes_nothing(old, new, told, apply, yolopatch, tmp_path, fingerprint, other_patches):
    apply("w", "--module", "DSConv")
    before = fingerprint(tmp_path / "w")
    text = other_patches.read_text().replace(old, new)
    if told == "has no diff":
        text = "nothing\n"
    if told == "outside the tree":
        text = text.replace("diff --git a/ultralytics/utils/metrics.py b/ultralytics/utils/metrics.py\n", "")
    other_patches.write_text(text)
    for place in ("w", "new"):
        ran = yolopatch("apply", "--repo", PIN, "--compat", "--dest", tmp_path / place)
        assert ran.code == 1
        assert told in ran.err
        assert "make patches" in ran.err
    assert fingerprint(tmp_path / "w") == before
    assert not (tmp_path / "new").exists()


def test_a_patch_that_is_gone(apply, yolopatch, tmp_path, other_patches, fingerprint):
    apply("w", "--compat")
    other_patches.unlink()
    before = fingerprint(tmp_path / "w")
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w")
    assert (ran.code, "is missing" in ran.err) == (1, True)
    assert fingerprint(tmp_path / "w") == before
    assert yolopatch("status", tmp_path / "w", "--json").json["compat"] is True


def test_other_mends_of_another_version_are_shown_and_replaced(apply, yolopatch, tmp_path, other_patches, git_in):
    before = apply("w", "--compat", "--module", "DSConv").json
    packaged = yolopatch("diff", tmp_path / "w", "--compat").out
    other_patches.write_text(other_patches.read_text().replace("Subject: ", "Subject: another "))
    shown = yolopatch("diff", tmp_path / "w", "--compat").out
    assert [line for line in shown.splitlines() if line[0] in "+-"] == [
        line for line in packaged.splitlines() if line[0] in "+-"
    ], "what the commit holds"
    history = read_history(read_checkout(tmp_path / "w"))
    assert history.tree_differs == ()
    assert f"yolopatch {__version__} made it with other patches (the compatibility patch)" in history.note
    after = apply("w", "--module", "DSConv").json
    assert after["changed"] is True
    differs = git_in(tmp_path / "w", "diff", "--name-only", before["tree"], after["tree"]).split()
    assert differs == ["ultralytics/utils/fork.py"], "which says what it was built on"


def test_a_mended_workspace_is_what_it_claims(apply, tmp_path):
    apply("w", "--compat", "--module", "DSConv")
    history = read_history(read_checkout(tmp_path / "w"))
    assert (history.ours, history.tree_differs, history.note) == (True, (), "")


@pytest.mark.parametrize(("forged", "named"), [(0, "the compatibility patch"), (1, "DSConv")])
def test_a_mended_workspace_that_was_tampered_with(forged, named, apply, tmp_path):
    """Whoever forges our commits: that from which `verify` runs the base model, or the newest."""
    apply("w", "--compat", "--module", "DSConv")
    workspace = read_workspace(tmp_path / "w")
    root = read_root(workspace.repository, workspace.root.id)
    unchanged = workspace.repository.read_blobs([root.blobs["LICENSE"]])[0].decode()
    wanted = load_patchset(workspace.pin, [Choice("DSConv", "paper")], fix_patches=[COMPAT])
    steps = wanted.steps(pristine_reader(workspace.repository, root.blobs), root, workspace.source)
    texts = ["forged", unchanged, unchanged] if forged == 0 else [unchanged, unchanged, "forged"]
    forged_steps = [replace(s, files={**s.files, "LICENSE": text}) for s, text in zip(steps, texts)]
    switch(workspace, root, forged_steps, plan_replay(workspace, root, forged_steps))
    history = read_history(read_checkout(tmp_path / "w"))
    assert history.ours
    (told,) = history.tree_differs
    assert f"is not {PIN} with {named}: LICENSE differs" in told
