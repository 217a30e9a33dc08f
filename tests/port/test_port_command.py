"""`yolopatch port` from a release to a patched workspace, with upstream's own code, and on releases of PyPI."""

from __future__ import annotations

import sys

import pytest

from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError
from yolopatch.outside.source.releases import find_release
from yolopatch.steps.port.port import as_pin

TASKS = "ultralytics/nn/tasks.py"
NAME, PIN = "ultralytics-8.4.7", "ultralytics-8.4.0"


@pytest.mark.more
def test_a_release_is_ported_proven_saved_and_applied(wheel, own_catalog, yolopatch, tmp_path, git_in):
    ran = yolopatch("port", "--to", wheel(), "--module", "SPConv", "--save", "--json")
    assert ran.code == 0, ran.err
    told = ran.json
    assert (told["pin"], told["like"], told["holds"]) == (NAME, "ultralytics-8.4.0", True)
    assert [one["status"] for one in told["outcomes"]] == ["ported"] * 3
    assert len({(one["flavor"], one["place"]) for one in told["proofs"]}) == len(FLAVORS) * 2
    # figures of the module, which the pin's own models have, too
    assert {one["parameters"] for one in told["proofs"] if one["place"] == "block"} == {2_304_800}
    assert all(one["layers"] and not one["failure"] for one in told["proofs"])

    place = tmp_path / "w"
    applied = yolopatch("apply", "--repo", NAME, "--module", "SPConv", "--dest", place, "--json").json
    assert (applied["pin"], applied["source"]) == (NAME, "pypi")
    assert told["outcomes"][0]["patch"] in git_in(place, "log")
    assert yolopatch("status", place, "--json").json["modules"][0]["name"] == "SPConv"
    assert NAME in yolopatch("list", "pins").out


def test_a_module_that_was_not_ported_is_not_available(wheel, own_catalog, yolopatch, tmp_path):
    assert yolopatch("port", "--to", wheel(), "--module", "SPConv", "--save", "--no-prove").code == 0
    ran = yolopatch("apply", "--repo", NAME, "--module", "DSConv", "--dest", tmp_path / "w")
    assert ran.code == 1
    assert f"DSConv in the flavor paper is not available for {NAME}" in ran.err


def test_a_catalog_may_be_named(wheel, yolopatch, tmp_path, own_catalog):
    ran = yolopatch("port", "--to", wheel(), "--module", "SPConv", "--no-prove", "--catalog", tmp_path / "mine")
    assert ran.code == 0
    folder = tmp_path / "mine"
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == [
        f"manifests/{NAME}.txt",
        f"patches/{NAME}/SPConv-paper.patch",
        f"patches/{NAME}/SPConv-tutorial.patch",
        f"patches/{NAME}/stamp.patch",
        f"pins/{NAME}.json",
    ]
    assert not own_catalog.exists()


def test_models_that_no_interpreter_can_build(wheel, own_catalog, yolopatch, monkeypatch):
    monkeypatch.setattr(sys, "executable", f"{sys.base_prefix}/bin/python3")
    ran = yolopatch("port", "--to", wheel(), "--module", "SPConv", "--save")
    assert ran.code == 1
    assert f"cannot import {PIN}: it lacks opencv-python" in ran.err
    assert f"next: yolopatch env create {PIN}\n" in ran.err
    assert not own_catalog.exists()


def test_saving_twice_changes_nothing(wheel, own_catalog, yolopatch, fingerprint):
    words = ("port", "--to", wheel(), "--module", "SPConv", "--save", "--no-prove")
    assert yolopatch(*words).code == 0
    before = fingerprint(own_catalog)
    assert yolopatch(*words).code == 0
    assert fingerprint(own_catalog) == before


def test_a_conflict_is_exit_4_and_nothing_is_saved(wheel, own_catalog, yolopatch):
    edits = {TASKS: {"args.insert(2, n)": "args.insert(3, n)"}}
    ran = yolopatch("port", "--to", wheel(edits), "--module", "DSConv", "--save")
    assert ran.code == 4
    assert "the branch for C3k2, ultralytics/nn/tasks.py:" in ran.out
    assert "expected: args.insert(2, n)" in ran.out
    assert "found:    args.insert(3, n)" in ran.out
    assert "nothing was saved" in ran.err
    assert not own_catalog.exists()


@pytest.mark.more
def test_a_proof_finds_what_the_syntax_does_not_tell(wheel, own_catalog, yolopatch):
    """The parser makes something else of our class once it has been named: only a model that is built shows that."""
    line = "m_ = torch.nn.Sequential(*(m(*args) for _ in range(n))) if n > 1 else m(*args)  # module"
    other = 'm = Conv if m.__name__ == "Conv_SPConv" else m\n        '
    ran = yolopatch("port", "--to", wheel({TASKS: {line: other + line}}), "--module", "SPConv", "--save", "--json")
    assert ran.code == 4
    failed = [one for one in ran.json["proofs"] if one["failure"]]
    assert [(one["flavor"], one["place"]) for one in failed] == [("paper", "layer")]
    assert "is a Conv, not a Conv_SPConv" in failed[0]["failure"]
    # the other flavor holds, and is kept
    patches = own_catalog / "patches" / NAME
    assert sorted(file.name for file in patches.iterdir()) == ["SPConv-tutorial.patch", "stamp.patch"]


@pytest.mark.slow
def test_upstreams_own_model_that_does_not_build_is_not_ours(wheel, own_catalog, yolopatch):
    edits = {TASKS: {'"""Parse a YOLO model.yaml': 'import nothing_of_that_name\n    """Parse a YOLO model.yaml'}}
    ran = yolopatch("port", "--to", wheel(edits), "--module", "SPConv")
    assert ran.code == 1
    assert "upstream's own yolo26 does not build" in ran.err
    assert "which lacks nothing_of_that_name" in ran.err


def test_a_folder_is_applied_from_where_it_lies(pristine_tree, own_catalog, yolopatch, tmp_path):
    tree = pristine_tree("ultralytics-8.4.0")
    ran = yolopatch("port", "--to", tree, "--module", "SPConv", "--save", "--no-prove")
    assert ran.code == 0
    words = ran.out.splitlines()[-1].partition("yolopatch ")[2].split()
    assert words[-2:] == ["--source", str(tree)]
    assert yolopatch(*words, "--dest", tmp_path / "w").code == 0


def test_a_branch_is_applied_from_its_commit(upstream, own_catalog, yolopatch, tmp_path, git_in):
    ran = yolopatch("port", "--to", "feature/x", "--module", "SPConv", "--save", "--no-prove", "--json")
    assert ran.code == 0, ran.err
    # the branch goes on; what was ported is what is applied
    git_in(upstream, "commit", "-q", "--allow-empty", "-m", "later still")
    words = ("apply", "--repo", ran.json["pin"], "--module", "SPConv", "--dest", tmp_path / "w", "--json")
    applied = yolopatch(*words)
    assert (applied.code, applied.json["source"]) == (0, "git"), applied.err


WRONG = {
    "no pin of ultralytics": (("--to", "TREE", "--from", "yolov5-6.1"), 2, "unknown pin of ultralytics 'yolov5-6.1'"),
    "an unknown module": (("--to", "TREE", "--module", "DSConf"), 2, "unknown module 'DSConf'"),
    "no such path": (("--to", "./nowhere"), 2, "no such wheel or folder"),
    "nothing named": ((), 2, "Missing option '--to'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name, pristine_tree, yolopatch):
    words, code, said = WRONG[name]
    tree = str(pristine_tree("ultralytics-8.4.0"))
    ran = yolopatch("port", *(tree if word == "TREE" else word for word in words))
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_a_release_without_the_family(pristine_tree, yolopatch):
    ran = yolopatch("port", "--to", pristine_tree("ultralytics-8.2.50"), "--from", "ultralytics-8.4.0")
    assert ran.code == 1
    assert "expected: ultralytics/cfg/models/26/yolo26.yaml" in ran.err


def _release(version: str, cache):
    try:
        return find_release(f"ultralytics=={version}", cache)
    except SourceError as error:
        pytest.skip(f"{error.what}: {'; '.join(error.details)}")


@pytest.mark.more
@pytest.mark.parametrize(
    ("version", "like"),
    [
        ("8.0.136", "ultralytics-8.2.50"),
        pytest.param("8.0.201", "ultralytics-8.2.50", marks=pytest.mark.slow),
        pytest.param("8.1.47", "ultralytics-8.2.50", marks=pytest.mark.slow),
        ("8.3.100", "ultralytics-8.3.0"),
        pytest.param("8.4.30", "ultralytics-8.4.0", marks=pytest.mark.slow),
    ],
)
def test_releases_of_pypi(version, like, cache, yolopatch):
    _release(version, cache)
    told = yolopatch("port", "--to", f"ultralytics=={version}", "--no-prove", "--json").json
    assert told["like"] == like
    assert {one["status"] for one in told["outcomes"]} == {"ported"}
    assert len(told["outcomes"]) == sum(len(one.flavors) for one in MODULES.values()) + 1


@pytest.mark.slow
@pytest.mark.parametrize("version", ["8.0.136", "8.0.201", "8.1.47", "8.2.103", "8.3.200", "8.4.30", "8.4.190"])
def test_releases_of_pypi_proven(version, cache, yolopatch):
    _release(version, cache)
    ran = yolopatch("port", "--to", f"ultralytics=={version}", "--json")
    assert ran.code == 0, ran.err
    placed = [one for one in MODULES.values() if one.role.placement]  # a loss has no layer
    assert len(ran.json["proofs"]) == sum(len(one.flavors) for one in placed) * 2
    assert PINS[ran.json["like"]].model == ran.json["model"]


@pytest.mark.parametrize(
    ("version", "families"), [("8.0.201", ("yolov8", "rtdetr")), ("8.3.100", ("yolo11", "yolov9", "yolov10", "rtdetr"))]
)
def test_a_pin_has_the_families_of_its_release(version, families, cache):
    assert as_pin(_release(version, cache), None).families == families


@pytest.mark.more
def test_modules_of_every_place_are_ported_and_proven(wheel, own_catalog, yolopatch):
    asked = [word for name in ("BiFPN", "DyHead", "CARAFE", "WIoU") for word in ("--module", name)]
    ran = yolopatch("port", "--to", wheel(), *asked, "--json")
    assert ran.code == 0, ran.err
    found = {one["module"]: one["status"] for one in ran.json["outcomes"] if one["flavor"] == "paper"}
    assert found == dict.fromkeys(("BiFPN", "DyHead", "CARAFE", "WIoU"), "ported")
    # a loss is in no model
    assert {one["module"]: one["failure"] for one in ran.json["proofs"]} == {"BiFPN": "", "DyHead": "", "CARAFE": ""}
