"""`yolopatch transplant`: what it says, what it writes, and what upstream makes of that."""

from __future__ import annotations

import pytest

PIN = "ultralytics-8.4.0"

# What upstream's own code finds in a checkpoint: its classes, its parameters, and its answer to an image of noise.
_LOADED = """
import json, sys
import torch
from ultralytics import YOLO
yolo = YOLO(sys.argv[1])
torch.manual_seed(0)
result = yolo.model.float().eval()(torch.rand(1, 3, 64, 64))
print(json.dumps({
    "names": yolo.names,
    "task": yolo.task,
    "classes": sorted({type(layer).__name__ for layer in yolo.model.model}),
    "sum": float(sum(t.double().sum() for t in (result[0] if isinstance(result, tuple) else result))),
}))
"""


@pytest.fixture
def transplant(yolopatch, full_workspace, tmp_path):
    """Run the command in a pin's workspace."""

    def call(cfg, weights, *options, pin: str = PIN, flavor: str = "paper"):
        place, out = full_workspace(pin, flavor), tmp_path / "init.pt"
        return yolopatch("transplant", place, "--cfg", cfg, "--weights", weights, "--out", out, *options)

    return call


def layer(found: dict, number: int) -> dict:
    return found["layers"][number]


def hows(found: dict) -> set[str]:
    return {part["how"] for part in found["parts"]}


@pytest.mark.more
def test_refconv_computes_what_the_base_does_and_upstream_loads_it(
    transplant, checkpoint, rendered, in_upstream, full_workspace, tmp_path
):
    weights, cfg = checkpoint(PIN), rendered(PIN, "RefConv").path
    ran = transplant(cfg, weights, "--json")
    assert ran.code == 0, ran.err
    found = ran.json
    assert found["outputs"]["of"] == "outputs"
    assert found["outputs"]["error"] < 1e-4
    assert found["tensors"]["fresh"] == 0
    assert {number for number, one in enumerate(found["layers"]) if "initialised" in hows(one)} == {1, 3, 5, 7}
    part = next(part for part in layer(found, 1)["parts"] if part["how"] == "initialised")
    assert (part["name"], part["source"], part["reason"]) == ("model.1.conv", "model.1.conv", "from Conv2d")

    loaded = in_upstream(full_workspace(PIN), _LOADED, tmp_path / "init.pt")
    base = in_upstream(full_workspace(PIN), _LOADED, weights)
    assert '"Conv_RefConv"' in loaded
    assert '"Conv_RefConv"' not in base
    assert '"task": "detect"' in loaded


@pytest.mark.slow
def test_what_a_tutorials_yaml_drops_is_told_as_lost(transplant, checkpoint, rendered):
    ran = transplant(rendered(PIN, "RefConv", flavor="tutorial").path, checkpoint(PIN), flavor="tutorial")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "lost with the base's layer: BatchNorm, activation" in said
    assert "layer 1, 3, 5, 7: lost" in said


@pytest.mark.more
def test_dsconv_tells_the_error_at_each_number_of_bits(transplant, checkpoint, rendered):
    pin = "ultralytics-8.3.0"
    ran = transplant(rendered(pin, "DSConv", block=True).path, checkpoint(pin), "--json", pin=pin)
    errors = ran.json["outputs"]["bits"]
    assert list(errors) == ["2", "3", "4", "8"]
    assert errors["2"] > errors["3"] > errors["4"] > errors["8"] > 0
    assert ran.json["outputs"]["own_bits"] == [4]
    assert ran.json["outputs"]["error"] == errors["4"]


@pytest.mark.more
def test_another_number_of_classes_leaves_the_class_branch_fresh_and_says_so(transplant, checkpoint, rendered):
    ran = transplant(rendered(PIN, "RefConv").path, checkpoint(PIN), "--nc", "3", "--json")
    found = ran.json
    fresh = [part for one in found["layers"] for part in one["parts"] if part["how"] == "fresh"]
    assert fresh
    assert {part["name"].split(".")[1] for part in fresh} == {"23"}
    assert any("is 3" in part["reason"] and "80" in part["reason"] for part in fresh)
    assert found["outputs"] == {"of": "head inputs", "error": pytest.approx(0, abs=1e-4)}
    said = " ".join(transplant(rendered(PIN, "RefConv").path, checkpoint(PIN), "--nc", "3", "--overwrite").out.split())
    assert "1 partly fresh" in said
    assert "classes: 3 here, 80 in the checkpoint; the tensors with one part for each class are fresh" in said
    assert "head inputs compared with the base's, before any training: relative error" in said


@pytest.mark.slow
def test_yolov5_begins_with_its_base_too(transplant, checkpoint, rendered):
    pin = "yolov5-pypi-6.1.0"
    ran = transplant(rendered(pin, "Dynamic_conv2d").path, checkpoint(pin), "--json", pin=pin)
    assert ran.code == 0, ran.err
    assert ran.json["outputs"]["error"] < 1e-4
    assert {one["layer"] for one in ran.json["layers"] if "initialised" in hows(one)} == {10, 14}


@pytest.mark.slow
def test_a_state_dict_is_taken_for_upstreams_own_model(transplant, checkpoint, rendered):
    ran = transplant(rendered(PIN, "RefConv").path, checkpoint(PIN, form="state"), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["outputs"]["error"] < 1e-4


def test_the_same_is_written_again_only_when_asked(transplant, checkpoint, rendered, tmp_path):
    weights, cfg = checkpoint(PIN), rendered(PIN, "RefConv").path
    (tmp_path / "init.pt").write_text("mine")
    ran = transplant(cfg, weights)
    assert ran.code == 3
    assert "init.pt already exists" in ran.err
    assert (tmp_path / "init.pt").read_text() == "mine"
