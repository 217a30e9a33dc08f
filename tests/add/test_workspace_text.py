"""A module's text in a workspace is the workspace's: it stays without the catalog, and whatever the catalog has."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.identity import AUTHOR_EMAIL, EPOCH
from yolopatch.catalog.pins import PINS
from yolopatch.errors import EXIT_ACT, EXIT_CONFLICT, EXIT_USAGE
from yolopatch.outside.git.snapshot import revision_reader
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.workspace.apply import apply
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.held import held_patch
from yolopatch.steps.workspace.patchset import module_patch

from .conftest import PASTED

PIN = "ultralytics-8.3.0"
GATE = "ultralytics/nn/modules/own_simplegate.py"


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Go to a machine without the user's catalog."""
    return lambda: monkeypatch.setenv("YOLOPATCH_CATALOG", str(tmp_path / "another catalog"))


@pytest.fixture
def ok(yolopatch):
    """Run a command that works; gives its JSON."""

    def call(*words: object) -> dict:
        ran = yolopatch(*words, "--json")
        assert ran.code == 0, ran.out + ran.err
        return {**ran.json, "notes": ran.err}

    return call


@pytest.fixture
def workspace(ok, own_catalog, need_pin, tmp_path) -> Path:
    """A workspace with two own modules and one of yolopatch."""
    need_pin(PIN)
    for name in ("SimpleGate", "PConvLite"):
        ok("add", PASTED / f"{name}.py")
    names = ("--module", "SimpleGate", "--module", "PConvLite", "--module", "DSConv")
    ok("apply", "--repo", PIN, *names, "--dest", tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture
def replaced(workspace, ok, tmp_path) -> str:
    """Replace SimpleGate in the catalog; gives its text in the workspace."""
    other = tmp_path / "SimpleGate.py"
    other.write_text((PASTED / "SimpleGate.py").read_text("utf-8") + "\n\n# another one\nOTHER = 1\n", "utf-8")
    text = other.read_text("utf-8").replace("def forward(self, x):", "def forward(self, x):\n        x = 2 * x")
    other.write_text(text, "utf-8")
    assert ok("add", other, "--replace")["changed"]
    return (workspace / GATE).read_text("utf-8")


def _next(err: str) -> list[str]:
    """Return the words of the command that a message names as the next one."""
    return shlex.split(err.partition("next: ")[2].partition("yolopatch ")[2].partition(";")[0].partition("\n")[0])


def test_without_the_catalog_modules_come_and_go_with_the_same_commits(workspace, ok, elsewhere, tmp_path):
    asked = ("apply", "--repo", PIN, "--dest")
    both = ("--module", "SimpleGate", "--module", "PConvLite")
    expected = [
        ok(*asked, tmp_path / "a", *both, "--module", "DSConv", "--module", "SPConv", "--compat")["commit"],
        ok(*asked, tmp_path / "b", *both, "--module", "SPConv")["commit"],
        ok(*asked, tmp_path / "c", "--module", "SimpleGate", "--module", "SPConv")["commit"],
    ]
    elsewhere()
    found = [
        ok(*asked, workspace, "--module", "SPConv", "--compat")["commit"],
        ok("remove", "--module", "DSConv", "--compat", workspace)["commit"],
        ok("remove", "--module", "Conv_PConvLite", workspace)["commit"],
    ]
    assert found == expected
    assert ok(*asked, workspace, "--module", "simple-gate")["changed"] is False
    assert [one["name"] for one in ok("remove", "--module", "SimpleGate", workspace)["modules"]] == ["SPConv"]
    assert not (workspace / GATE).exists()


def test_without_the_catalog_it_is_read_as_with_it(workspace, ok, elsewhere):
    def shown() -> list[object]:
        return [
            ok("status", workspace),
            ok("diff", workspace)["diff"],
            ok("diff", workspace, "--module", "simplegate")["diff"],
        ]

    before = shown()
    elsewhere()
    assert shown() == before


def test_without_the_catalog_the_sum_in_a_commit_proves_the_text(workspace, elsewhere):
    elsewhere()
    load_own_catalog(Path("nowhere"))
    history = read_history(read_checkout(workspace))
    assert (history.ours, history.tree_differs, history.note) == (True, (), "")


def test_what_needs_the_catalog_says_how_to_get_the_module_from_the_workspace(
    workspace, yolopatch, ok, elsewhere, fingerprint
):
    elsewhere()
    before = fingerprint(workspace)
    rendering = ("render-cfg", "--module", "SimpleGate", "--model", "yolo11", "--out", workspace)
    for words in (
        rendering,
        ("apply", "--repo", PIN, "--module", "SimpleGate", "--update", "--dest", workspace),
    ):
        ran = yolopatch(*words)
        assert (ran.code, "your own module SimpleGate, but your catalog does not" in ran.err) == (EXIT_USAGE, True)
        assert fingerprint(workspace) == before
    ok(*_next(ran.err))
    ok(*rendering)
    added = ok("apply", "--repo", PIN, "--module", "SimpleGate", "--dest", workspace)
    assert (added["changed"], added["notes"]) == (False, ""), "the text is the same"


def test_a_name_that_nothing_has_is_near_to_one_of_the_workspace(workspace, yolopatch, elsewhere):
    elsewhere()
    ran = yolopatch("remove", "--module", "SimpelGate", workspace)
    assert (ran.code, "did you mean SimpleGate" in ran.err) == (EXIT_USAGE, True), ran.err


def test_no_command_changes_the_text_of_a_module_that_was_replaced_in_the_catalog(workspace, replaced, ok):
    exact = ok("status", workspace)["commit"]
    asked = ("apply", "--repo", PIN, "--dest", workspace)
    for words in (
        (*asked, "--module", "SPConv"),
        (*asked, "--module", "RefConv", "--flavor", "tutorial"),
        (*asked, "--compat"),
        (*asked, "--module", "SPConv", "--update"),
        ("remove", workspace, "--module", "SPConv", "--module", "RefConv", "--compat"),
    ):
        ran = ok(*words)
        assert (workspace / GATE).read_text("utf-8") == replaced
        assert "SimpleGate stays as it is in this workspace; your catalog has another one" in ran["notes"]
    assert ok("status", workspace)["commit"] == exact


def test_a_replaced_module_is_taken_when_the_user_says_so(workspace, replaced, yolopatch, ok, fingerprint, tmp_path):
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", PIN, "--module", "SimpleGate", "--module", "SPConv", "--dest", workspace)
    assert (ran.code, "has your own module SimpleGate already" in ran.err) == (EXIT_CONFLICT, True), ran.err
    assert fingerprint(workspace) == before
    updated = ok(*_next(ran.err))
    assert (updated["changed"], updated["notes"]) == (True, "")
    assert (workspace / GATE).read_text("utf-8") != replaced
    names = ("--module", "SimpleGate", "--module", "PConvLite", "--module", "DSConv")
    assert ok("apply", "--repo", PIN, *names, "--dest", tmp_path / "new")["commit"] == updated["commit"]


def test_a_catalog_whose_file_was_lost_is_no_catalog_for_it(workspace, ok, own_catalog):
    (own_catalog / "modules" / "own_simplegate.py").unlink()
    ran = ok("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace)
    assert "the file of SimpleGate is missing from your own catalog" in ran["notes"]
    assert (workspace / GATE).is_file()


def test_a_commit_that_no_patch_gives_can_only_be_removed(workspace, yolopatch, ok, git_in, fingerprint, monkeypatch):
    """Somebody has made our commits anew, with another file in the module's."""
    messages = [git_in(workspace, "log", "-1", "--format=%B", revision) for revision in ("HEAD~1", "HEAD")]
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_EMAIL", AUTHOR_EMAIL)
        monkeypatch.setenv(f"GIT_{role}_DATE", f"@{EPOCH} +0000")
    git_in(workspace, "reset", "-q", "--hard", "HEAD~2")
    for number, message in enumerate(messages):
        (workspace / f"{number}.txt").write_text("forged")
        git_in(workspace, "add", "--all")
        git_in(workspace, "commit", "-q", "-m", message)
    assert [one["name"] for one in ok("status", workspace)["modules"]] == ["DSConv", "PConvLite", "SimpleGate"]
    before = fingerprint(workspace)
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", workspace)
    assert (ran.code, "cannot be read from its commit" in ran.err) == (EXIT_ACT, True), ran.err
    assert fingerprint(workspace) == before
    assert ok(*_next(ran.err))["changed"]
    assert not (workspace / "0.txt").exists()


@pytest.mark.more
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", pytest.param("yolov5-pypi-6.1.0", marks=pytest.mark.slow)])
def test_every_pasted_module_is_read_back_from_its_commit(pin, pasted, cache, need_pin, tmp_path):
    need_pin(pin)
    names = [one.module for one in pasted.values() if ("ready" in [p.state for p in one.pins if p.pin == pin])]
    apply(pin, [*names, "DSConv", "RefConv"], "paper", tmp_path / "w", "auto", cache, fix_patches=[COMPAT])
    workspace = read_workspace(tmp_path / "w")
    read = revision_reader(workspace.repository, workspace.root.id)
    for applied in workspace.applied:
        if applied.name in names:
            expected = module_patch(PINS[pin], Choice(applied.name, "paper"), read)
            assert held_patch(workspace, applied) == expected, applied.name
    assert len(names) > 12
