"""A YAML names a class that the checkout's release does not have: `verify` says where it is to be had."""

from __future__ import annotations

import shutil
from pathlib import PurePath

import pytest

from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.outside.probe.elsewhere import find_elsewhere
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL

from .conftest import PIN


def named(*classes: str) -> CfgFile:
    rows = [[-1, 1, name, [64]] for name in classes]
    return CfgFile(PurePath("own.yaml"), {"nc": 3, "backbone": rows, "head": []})


@pytest.mark.parametrize(
    ("pin", "name", "words"),
    [
        ("ultralytics-8.2.50", "C3k2", ("since 8.3.0", "of 8.2.50", "ultralytics-8.3.0 or ultralytics-8.4.0")),
        ("ultralytics-8.2.50", "C2PSA", ("since 8.3.0",)),
        (PIN, "A2C2f", ("since 8.3.78", "ultralytics-8.4.0")),
        (PIN, "TorchVision", ("since 8.3.59", "ultralytics-8.4.0")),
        (PIN, "Index", ("since 8.3.59", "with its branch of parse_model")),
        ("yolov5-6.1", "Segment", ("yolov5 has Segment since 7.0", "a clone of such a release")),
        ("yolov5-6.1", "C2f", ("no release of yolov5 has C2f", "ultralytics has it since 8.0.0")),
    ],
)
def test_a_class_of_another_release_is_told_with_its_releases(pin, name, words, pristine_tree):
    found = find_elsewhere(read_checkout(pristine_tree(pin)), named("Conv", name))
    assert list(found) == [name]
    assert all(word in found[name] for word in words), found[name]


def test_a_class_of_a_module_is_told_in_a_checkout_made_by_hand(pristine_tree, tmp_path):
    shutil.copytree(pristine_tree(PIN) / "ultralytics", tmp_path / "ultralytics")
    found = find_elsewhere(read_checkout(tmp_path), named("RFAConv"))
    assert "take a workspace with it, from yolopatch apply --module RFAConv" in found["RFAConv"]


def test_a_class_that_nobody_has_gets_no_text_and_those_of_the_parser_are_not_looked_for(pristine_tree):
    checkout = read_checkout(pristine_tree(PIN))
    assert find_elsewhere(checkout, named("Conv", "C3k2", "nn.Upsample", "Detect")) == {}
    assert find_elsewhere(checkout, named("HypoAttention")) == {"HypoAttention": ""}


def test_a_workspace_that_lacks_a_module_is_told_the_command_that_adds_it(yolopatch, tmp_path, need_pin):
    need_pin(PIN)
    place = tmp_path / "own"
    assert yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", place).code == 0
    found = find_elsewhere(read_checkout(place), named("RFAConv", "DSConv2D"))
    assert list(found) == ["RFAConv"]
    assert f"yolopatch apply --repo {PIN} --module RFAConv --dest {place}" in found["RFAConv"]


@pytest.mark.more
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("A2C2f", "ultralytics has A2C2f since 8.3.78"),
        ("HypoAttention", "no release that yolopatch knows has it"),
        ("SPPFF", "or fix the name: SPPF"),
        ("nn.Dropuot", "torch.nn has no Dropuot: fix the name: nn.Dropout"),
        ("CBAM", "import it there"),
    ],
)
def test_verify_says_it(name, words, base_cfg, full_workspace):
    file = base_cfg("yolo11", "n")
    file.write_text(file.read_text().replace("SPPF, [1024, 5]", f"{name}, [1024, 5]"))
    (found,) = verify(full_workspace(PIN), file, "n", checks=("build",)).checks
    assert found.status == FAIL
    assert words in found.hint
