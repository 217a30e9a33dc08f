"""`restore` of a checkpoint with a user's own module: its text is in a workspace, wherever the catalog is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import PIN

PASTED = Path(__file__).parent.parent / "add" / "pasted" / "SimpleGate.py"


@pytest.fixture
def trained_there(yolopatch, own_catalog, need_pin, tmp_path, stamp, checkpoint, monkeypatch) -> tuple[Path, Path, str]:
    """A workspace with an own module, a checkpoint of it, and its commit; then the catalog is gone."""
    need_pin(PIN)
    assert yolopatch("add", PASTED).code == 0
    place = tmp_path / "there"
    ran = yolopatch("apply", "--repo", PIN, "--module", "SimpleGate", "--module", "DSConv", "--dest", place, "--json")
    file = checkpoint({"yolopatch": stamp(place)})
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(tmp_path / "another catalog"))
    return place, file, ran.json["commit"]


def _restored(ran) -> str:
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["commit"] == ran.json["stamp"]["commit"]
    return ran.json["commit"]


def test_from_the_workspace_around_the_checkpoint(trained_there, yolopatch, tmp_path):
    place, file, commit = trained_there
    weights = place / "runs" / "detect" / "train" / "weights"
    weights.mkdir(parents=True)
    shutil.move(file, weights / "best.pt")
    ran = yolopatch("restore", weights / "best.pt", "--no-load", "--dest", tmp_path / "again", "--json")
    assert _restored(ran) == commit
    shown = [yolopatch("diff", one, "--module", "SimpleGate").out for one in (place, tmp_path / "again")]
    assert shown[0] == shown[1] != ""


def test_from_the_workspace_at_dest(trained_there, yolopatch):
    place, file, commit = trained_there
    ran = yolopatch("restore", file, "--no-load", "--dest", place, "--json")
    assert (_restored(ran), ran.json["changed"]) == (commit, False)


def test_from_a_workspace_that_is_now_in_another_state(trained_there, yolopatch, tmp_path):
    """It has the text, and is no copy of what the checkpoint needs."""
    place, file, commit = trained_there
    assert yolopatch("remove", "--module", "DSConv", place).code == 0
    shutil.move(file, place / "best.pt")
    ran = yolopatch("restore", place / "best.pt", "--no-load", "--dest", tmp_path / "again", "--json")
    assert _restored(ran) == commit


def test_with_another_module_of_the_name_in_the_catalog(trained_there, yolopatch, tmp_path):
    place, file, commit = trained_there
    other = tmp_path / "SimpleGate.py"
    forward = "def forward(self, x):"
    other.write_text(PASTED.read_text("utf-8").replace(forward, f"{forward}\n        x = 2 * x"), "utf-8")
    assert yolopatch("add", other).code == 0
    ran = yolopatch("restore", file, "--no-load", "--dest", tmp_path / "again")
    assert (ran.code, "the patch of SimpleGate (paper)" in ran.err) == (1, True)
    ran = yolopatch("restore", file, "--no-load", "--dest", place, "--json")
    assert _restored(ran) == commit


def test_without_any_workspace_it_says_what_is_enough(trained_there, yolopatch, tmp_path, fingerprint):
    place, file, _ = trained_there
    shutil.rmtree(place)
    before = fingerprint(tmp_path)
    ran = yolopatch("restore", file, "--dest", tmp_path / "again")
    assert (ran.code, fingerprint(tmp_path)) == (1, before)
    assert "unknown module, SimpleGate" in ran.err
    assert "a workspace that has it is enough: at --dest, or around the file" in ran.err
    assert "next: add it to your catalog: yolopatch add FILE.py --name SimpleGate" in ran.err
