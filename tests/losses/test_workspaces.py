"""A loss in a workspace: applied, shown, removed, restored and ported as any module; one, and no layer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.core.ablate.grid import read_grid
from yolopatch.errors import EXIT_ACT, EXIT_USAGE
from yolopatch.outside.source.releases import Release
from yolopatch.steps.ablate.plan import plan_grid
from yolopatch.steps.port.port import as_pin, port_all
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import load_patchset

PASTED = Path(__file__).parent / "pasted"
PIN = "ultralytics-8.3.0"


@pytest.fixture
def place(yolopatch, tmp_path, need_pin) -> Path:
    """A workspace with NWD, by which boxes are assigned, too."""
    need_pin(PIN)
    ran = yolopatch("apply", "--repo", PIN, "--module", "nwd", "--assigner", "--dest", tmp_path / "w", "--json")
    assert ran.json["modules"] == [{"name": "NWD", "flavor": "assigner"}]
    return tmp_path / "w"


def test_status_diff_and_remove_treat_it_as_any_module(place, yolopatch, git_in):
    assert "NWD (assigner)" in yolopatch("status", place).out
    shown = yolopatch("diff", place, "--module", "NWD").out
    added = [line[1:].strip() for line in shown.splitlines() if line.startswith("+")]
    assert "return nwd_loss.assigned(gt_bboxes, pd_bboxes)" in added
    assert not [line for line in shown.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert yolopatch("remove", "--module", "NWD", place, "--json").json["modules"] == []
    assert git_in(place, "log", "--format=%s").splitlines() == ["ultralytics 8.3.0, unchanged"]


def test_a_second_loss_is_refused_with_the_command_that_makes_room(place, yolopatch, fingerprint):
    before = fingerprint(place)
    ran = yolopatch("apply", "--repo", PIN, "--module", "SIoU", "--dest", place)
    assert (ran.code, fingerprint(place)) == (EXIT_ACT, before)
    assert "has the box loss NWD already; SIoU would take the same place" in ran.err
    assert f"yolopatch remove --module NWD {place}" in ran.err
    together = yolopatch("apply", "--repo", PIN, "--module", "SIoU", "--module", "WIoU", "--dest", place.parent / "o")
    assert together.code == EXIT_USAGE
    assert "a workspace has one box loss, and these are 2: SIoU, WIoU" in together.err
    assert not (place.parent / "o").exists()


def test_it_goes_with_modules_that_have_layers(place, yolopatch):
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", place, "--json")
    assert [one["name"] for one in ran.json["modules"]] == ["NWD", "SPConv"]
    alone = yolopatch("remove", "--module", "SPConv", place, "--json").json["commit"]
    again = yolopatch("apply", "--repo", PIN, "--module", "NWD", "--assigner", "--dest", place.parent / "x", "--json")
    assert again.json["commit"] == alone


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--module", "WIoU", "--assigner"), "boxes cannot be assigned by WIoU"),
        (("--module", "SPConv", "--assigner"), "--assigner is for a loss, and none is named"),
        (("--module", "SIoU", "--flavor", "tutorial"), "SIoU comes from a paper alone: it has no flavor tutorial"),
    ],
)
def test_what_a_loss_cannot_be_is_said(options, what, yolopatch, tmp_path):
    ran = yolopatch("apply", "--repo", PIN, *options, "--dest", tmp_path / "w")
    assert ran.code == EXIT_USAGE
    assert what in ran.err


def test_yolov5_has_no_assigner_by_overlap(yolopatch, tmp_path, need_pin):
    need_pin("yolov5-pypi-6.1.0")
    where = ("--repo", "yolov5-pypi-6.1.0", "--dest", tmp_path / "w")
    ran = yolopatch("apply", *where, "--module", "NWD", "--assigner")
    assert ran.code == EXIT_ACT
    assert "NWD in the flavor assigner is not available for yolov5-pypi-6.1.0" in ran.err


def test_render_cfg_says_that_no_yaml_changes(yolopatch, tmp_path):
    ran = yolopatch("render-cfg", "--module", "WIoU", "--module", "EMA", "--model", "yolo11", "--out", tmp_path)
    assert ran.code == EXIT_USAGE
    assert "WIoU is a loss: it has no layer, and the model's YAML stays as it is" in ran.err
    assert "leave --module WIoU out: yolopatch render-cfg --module EMA" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_arm_of_a_grid_with_a_loss_alone_has_the_base_models_yaml(tmp_path):
    text = (
        'model = "yolo11"\nscales = ["n"]\ndata = "d.yaml"\nseeds = [0]\nbaseline = "base"\n'
        '[[arm]]\nname = "base"\n[[arm]]\nname = "NWD"\nmodule = ["NWD"]\nflavor = "assigner"\n[train]\nepochs = 1\n'
    )
    plan = plan_grid(read_grid(text, "g.toml"), tmp_path)
    base, with_loss = (plan.cfg(arm, "n", None) for arm in plan.grid.arms)
    assert with_loss == base


def test_a_pasted_loss_lives_in_the_workspace_without_the_catalog(yolopatch, own_catalog, tmp_path, need_pin, git_in):
    need_pin(PIN)
    yolopatch("add", PASTED / "inner_ciou.py")
    where = ("--repo", PIN, "--dest", tmp_path / "w")
    first = yolopatch("apply", *where, "--module", "inner_ciou", "--assigner", "--json").json
    assert first["modules"] == [{"name": "inner_ciou", "flavor": "assigner"}]
    shutil.rmtree(own_catalog)
    more = yolopatch("apply", *where, "--module", "SPConv", "--json").json
    assert [one["name"] for one in more["modules"]] == ["inner_ciou", "SPConv"]
    refused = yolopatch("apply", *where, "--module", "SIoU")
    assert "has the box loss inner_ciou already" in refused.err
    back = yolopatch("remove", "--module", "SPConv", tmp_path / "w", "--json").json
    assert back["commit"] == first["commit"]
    assert (tmp_path / "w/ultralytics/utils/own_inner_ciou_loss.py").is_file()


GONE = """import torch
from gone_ops import area


def pasted_iou(a, b):
    inter = (torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])).clamp(0).prod(1)
    return inter / (area(a) + area(b) - inter)
"""


@pytest.mark.slow
def test_a_loss_without_a_file_of_its_post_breaks_no_model_and_says_so(yolopatch, own_catalog, tmp_path, need_pin):
    need_pin(PIN)
    file, place = tmp_path / "pasted_iou.py", tmp_path / "w"
    file.write_text(GONE, "utf-8")
    form = ("--boxes", "xyxy", "--gives", "overlap")
    assert yolopatch("add", file, *form).code == 0
    assert yolopatch("apply", "--repo", PIN, "--module", "pasted_iou", "--dest", place).code == 0
    base = place / "ultralytics/cfg/models/11/yolo11.yaml"
    ran = yolopatch("verify", place, "--cfg", base, "--scale", "n", "--check", "build", "--check", "loss", "--json")
    assert ran.check("build")["status"] == "pass"
    found = ran.check("loss")
    assert "pasted_iou needs gone_ops, which this environment cannot import" in found["summary"]
    assert "yolopatch add FILE.py --with gone_ops.py --replace" in found["hint"]
    (tmp_path / "gone_ops.py").write_text("def area(box):\n    return (box[:, 2:] - box[:, :2]).prod(1)\n", "utf-8")
    assert yolopatch("add", file, *form, "--with", tmp_path / "gone_ops.py", "--replace").code == 0
    again = yolopatch("apply", "--repo", PIN, "--module", "pasted_iou", "--dest", place, "--update")
    assert again.code == 0, again.err
    assert "gone_ops" not in (place / "ultralytics/utils/own_pasted_iou_loss.py").read_text("utf-8")


@pytest.mark.parametrize("name", ["WIoU", "MPDIoU", "NWD"])
def test_a_release_gets_the_patches_of_its_pin(name, pristine_tree):
    tree = pristine_tree("ultralytics-8.4.0")
    files = {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*.py") if ".git" not in path.parts}
    yamls = {str(path.relative_to(tree)): path.read_bytes() for path in (tree / "ultralytics/cfg").rglob("*.yaml")}
    release = Release("ultralytics-8.4.7", "8.4.7", "a test", {**files, **yamls})
    module = MODULES[name]
    outcomes = port_all(as_pin(release, PINS["ultralytics-8.4.0"]), release, [module])
    for one in outcomes[:-1]:
        assert one.status == "ported", one.conflicts
        own = load_patchset(PINS["ultralytics-8.4.0"], [Choice(name, one.flavor)]).patches
        changed = [change.path for change in own[0].changes]
        assert all(f"b/{path}" in one.patch for path in changed)
    assert [one.flavor for one in outcomes[:-1]] == list(module.flavors)
