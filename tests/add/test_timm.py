"""A model of timm as a backbone: its file is made here, and timm is the user's own."""

from __future__ import annotations

import pytest

NAME = "mobilenetv4_conv_small"


def test_a_model_of_timm_becomes_a_backbone(own_catalog, yolopatch):
    ran = yolopatch("add", "--timm", NAME, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["module"], ran.json["decision"]["kind"]) == (f"Timm_{NAME}", "backbone")
    text = (own_catalog / "modules" / f"own_timm_{NAME}.py").read_text()
    assert f'timm.create_model("{NAME}", pretrained=pretrained, features_only=True)' in text


@pytest.mark.parametrize("name", ["../x", "resnet50; import os", "ResNet50", "", "a" + '"' + "b"])
def test_what_is_no_name_of_a_model_is_refused(name, own_catalog, yolopatch):
    ran = yolopatch("add", "--timm", name)
    assert ran.code == 2
    assert "is not the name of a model of timm" in ran.err
    assert not own_catalog.exists()


def test_a_file_and_a_model_are_not_both(own_catalog, yolopatch, tmp_path):
    ran = yolopatch("add", tmp_path / "MyConv.py", "--timm", NAME)
    assert (ran.code, "--timm makes the file itself" in ran.err) == (2, True)
    ran = yolopatch("add")
    assert (ran.code, "FILE.py is missing" in ran.err) == (2, True)


@pytest.mark.slow
def test_without_timm_the_workspace_still_builds_other_models(own_catalog, yolopatch, need_pin, tmp_path):
    need_pin("ultralytics-8.3.0")
    assert yolopatch("add", "--timm", NAME).code == 0
    words = ("--module", f"Timm_{NAME}", "--module", "DSConv")
    ran = yolopatch("apply", "--repo", "ultralytics-8.3.0", *words, "--dest", tmp_path / "ws")
    assert ran.code == 0, ran.err
    for module in (f"Timm_{NAME}", "DSConv"):
        out = tmp_path / module
        ran = yolopatch("render-cfg", "--module", module, "--model", "yolo11", "--scale", "n", "--out", out)
        assert ran.code == 0, ran.err
    found = {}
    for module in (f"Timm_{NAME}", "DSConv"):
        (cfg,) = (tmp_path / module).glob("*.yaml")
        ran = yolopatch("verify", tmp_path / "ws", "--cfg", cfg, "--imgsz", "320", "--check", "build", "--json")
        found[module] = ran.json["checks"][0]["summary"]
    assert "needs timm, which this environment cannot import" in found[f"Timm_{NAME}"]
    assert found["DSConv"].startswith("24 layers")
