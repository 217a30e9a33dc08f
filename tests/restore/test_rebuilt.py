"""Whatever a workspace holds, its stamp gives the same commits elsewhere. Nothing is loaded here."""

from __future__ import annotations

import json

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.steps.workspace import patchset

from .conftest import PIN, load_fork


@pytest.fixture
def rebuilt(yolopatch, checkpoint, tmp_path):
    """Restore from a stamp; returns what the command said."""

    def call(stamp: dict, *arguments: object) -> dict:
        file = checkpoint({"yolopatch": stamp}, "best of all's.weights")
        ran = yolopatch("restore", file, "--dest", tmp_path / "there", "--no-load", "--json", *arguments)
        assert ran.code == 0, ran.err
        return ran.json

    return call


@pytest.mark.parametrize("pin", PINS)
def test_every_module_on_every_pin(pin, full_workspace, rebuilt, yolopatch):
    told = yolopatch("status", full_workspace(pin), "--json").json
    found = rebuilt(load_fork(full_workspace(pin), pin).stamp(None))
    assert [found[key] for key in ("commit", "tree", "pin", "modules", "source")] == [
        told[key] for key in ("commit", "tree", "pin", "modules", "source")
    ]
    assert (found["changed"], found["loaded"]) == (True, None)


def test_flavors_side_by_side(said, made, rebuilt, yolopatch):
    found = rebuilt(said)
    assert found["modules"] == [{"name": "DSConv", "flavor": "tutorial"}, {"name": "RefConv", "flavor": "paper"}]
    assert found["commit"] == yolopatch("status", made, "--json").json["commit"]


@pytest.mark.parametrize("options", [("--compat",), ("--seeds",), ("--compat", "--seeds")], ids=" ".join)
def test_fix_patches_alone(options, rebuilt, yolopatch, need_pin, tmp_path, stamp):
    need_pin("ultralytics-8.2.50")
    fixed = yolopatch("apply", "--repo", "ultralytics-8.2.50", *options, "--dest", tmp_path / "w", "--json").json
    found = rebuilt(stamp(tmp_path / "w"))
    assert (found["commit"], found["modules"]) == (fixed["commit"], [])
    assert [found[name] for name in ("compat", "seeds")] == [f"--{name}" in options for name in ("compat", "seeds")]


def test_an_installed_copy_is_enough(said, rebuilt, made, yolopatch):
    found = rebuilt({**said, "commit": None})
    assert found["commit"] == yolopatch("status", made, "--json").json["commit"]


def test_a_workspace_that_is_there_is_found(said, rebuilt, tmp_path, fingerprint):
    rebuilt(said)
    before = fingerprint(tmp_path / "there")
    assert rebuilt(said)["changed"] is False
    assert fingerprint(tmp_path / "there") == before


def test_a_build_that_was_killed_is_finished(said, rebuilt, tmp_path, git_in):
    commit = rebuilt(said)["commit"]
    place = tmp_path / "there"
    # killed while the workspace was moved into an empty folder: the last files are still missing
    (place / ".git/yolopatch-switch").write_text(json.dumps({"from": None, "to": commit}))
    (place / "LICENSE").unlink()
    assert rebuilt(said)["commit"] == commit
    assert git_in(place, "status", "--porcelain") == ""
    assert not (place / ".git/yolopatch-switch").exists()


def test_another_version_of_yolopatch_with_the_same_patches(rebuilt, yolopatch, need_pin, tmp_path, stamp, monkeypatch):
    need_pin(PIN)
    with monkeypatch.context() as older:
        older.setattr(patchset, "__version__", "0.0.9")
        made = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", tmp_path / "w", "--json").json
    found = rebuilt(stamp(tmp_path / "w"))
    assert (found["commit"], found["stamp"]["version"]) == (made["commit"], "0.0.9")


def test_without_dest_it_lies_under_the_pins_name(said, checkpoint, yolopatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = yolopatch("restore", checkpoint({"yolopatch": said}).name, "--no-load")
    assert ran.code == 0, ran.err
    assert (tmp_path / PIN / ".git").is_dir()
    assert "the commit that the checkpoint names" in ran.out


def test_what_went_wrong_when_it_was_stamped_is_said(said, checkpoint, yolopatch, tmp_path):
    partly = {key: value for key, value in said.items() if key not in ("commit", "head", "edited", "yaml")}
    file = checkpoint({"yolopatch": {**partly, "error": "RecursionError: too deep"}})
    ran = yolopatch("restore", file, "--no-load", "--dest", tmp_path / "there")
    assert ran.code == 0, ran.err
    assert "incomplete: RecursionError: too deep" in ran.out
    assert "user changes were not recorded" in ran.out
