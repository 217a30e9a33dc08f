"""A rebuilt fork in the user's own catalog: it is applied, shown and removed as any other module."""

from __future__ import annotations

import pytest

from tests.fork.rebuild.conftest import CFG
from yolopatch.core.fork.changes import CHANGED, TRAINING, FileChange, Part
from yolopatch.errors import UsageError
from yolopatch.outside.source.releases import Release
from yolopatch.steps.adopt.areas import add_areas, require_areas
from yolopatch.steps.adopt.module import keep, make

PIN = "ultralytics-8.3.0"
YAML = "ultralytics/cfg/models/ownyolo/own.yaml"
SETTINGS = "ultralytics/cfg/default.yaml"


@pytest.fixture
def kept(remade, package, own_catalog, cache):
    """Save the fork in the user's catalog."""
    return keep(remade(), Release(PIN, "8.3.0", PIN, package(PIN)), "the fork Own-YOLO", own_catalog, cache)


def test_it_is_a_module_like_any_other(kept, cache, tmp_path, yolopatch):
    made = make(kept, tmp_path / "w", cache)
    assert (tmp_path / "w" / YAML).is_file()
    again = yolopatch("apply", "--repo", PIN, "--module", "OwnYOLO", "--dest", tmp_path / "again", "--json")
    assert again.json["commit"] == made.commit
    status = yolopatch("status", tmp_path / "w", "--json").json
    assert [one["name"] for one in status["modules"]] == ["OwnYOLO"]
    both = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w", "--json")
    assert both.code == 0, both.err
    removed = yolopatch("remove", "--module", "DSConv", tmp_path / "w", "--json")
    assert removed.json["commit"] == made.commit


def test_it_is_listed_and_forgotten(kept, own_catalog, yolopatch):
    listed = {one["name"]: one for one in yolopatch("list", "modules", "--json").json["modules"]}
    assert listed["OwnYOLO"]["pins"] == {PIN: ["paper"]}
    assert yolopatch("forget", "OwnYOLO").code == 0
    assert not list(own_catalog.rglob("*OwnYOLO*"))


def test_another_pin_needs_a_rebuild(kept, tmp_path, yolopatch):
    ran = yolopatch("apply", "--repo", "ultralytics-8.2.50", "--module", "OwnYOLO", "--dest", tmp_path / "w")
    assert ran.code == 1
    assert "adopt FORK --to ultralytics==8.2.50" in ran.err
    assert not (tmp_path / "w").exists()


def test_it_has_no_layer_and_is_not_ported(kept, yolopatch):
    ran = yolopatch("render-cfg", "--module", "OwnYOLO", "--model", "yolo11")
    assert (ran.code, "its models have YAMLs of their own" in ran.err) == (2, True)
    ran = yolopatch("port", "--to", "ultralytics==8.3.1", "--module", "OwnYOLO")
    assert (ran.code, "adopt FORK --to" in ran.err) == (2, True)


def test_a_fork_without_a_model_is_not_saved(remade, package, own_catalog, cache):
    with pytest.raises(UsageError) as error:
        keep(remade(CFG.replace("Gate", "Gait")), Release(PIN, "8.3.0", PIN, package(PIN)), "f", own_catalog, cache)
    assert "Gait is not defined" in error.value.details[0]
    assert not own_catalog.exists()


def test_a_name_that_is_taken(kept, remade, package, own_catalog, cache):
    with pytest.raises(UsageError, match="the name OwnYOLO is taken"):
        keep(remade(), Release(PIN, "8.3.0", PIN, package(PIN)), "another fork", own_catalog, cache)


def test_areas_are_commits_with_fixed_ids(kept, fork, package, cache, tmp_path, git_in):
    files = package(PIN)
    files[SETTINGS] = files[SETTINGS].replace(b"close_mosaic: 10", b"close_mosaic: 0")
    part = Part("close_mosaic", 1, CHANGED, (TRAINING,), "the default of close_mosaic is 0, not 10")
    changes = [FileChange(SETTINGS, CHANGED, (TRAINING,), "", (part,))]
    heads = set()
    for place in (tmp_path / "a", tmp_path / "b"):
        alone = make(kept, place, cache).commit
        (commit,) = add_areas("OwnYOLO", place, fork(files), changes, require_areas(["training"]))
        assert (commit.area, commit.files, commit.what) == (TRAINING, (SETTINGS,), (part.what,))
        assert "close_mosaic: 0 " in (place / SETTINGS).read_text()
        heads.add(git_in(place, "rev-parse", "HEAD").strip())
    assert len(heads) == 1
    assert alone not in heads


def test_an_area_that_is_none():
    with pytest.raises(UsageError, match="unknown area 'los'"):
        require_areas(["los"])
