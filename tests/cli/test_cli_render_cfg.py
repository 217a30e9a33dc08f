"""`yolopatch render-cfg`: what it writes, and what it says of it."""

from __future__ import annotations

from pathlib import Path

import yaml


def test_a_file_is_told_with_its_modules_and_their_layers(yolopatch, tmp_path):
    arguments = ["render-cfg", "--module", "RefConv", "--module", "dsconv", "--model", "yolo26", "--task", "obb"]
    arguments += ["--placement", "DSConv:before-head", "--scale", "s", "--out", tmp_path]
    (told,) = yolopatch(*arguments, "--json").json["files"]
    assert told == {
        "path": str(tmp_path / "yolo26s-obb-RefConv-DSConv-before-head.yaml"),
        "model": "yolo26",
        "task": "obb",
        "scale": "s",
        "module": "RefConv, DSConv",
        "layers": [1, 3, 5, 7, 17, 21, 25],
        "placed": [
            {"module": "RefConv", "placement": "backbone-down", "replaced": [1, 3, 5, 7], "inserted": []},
            {"module": "DSConv", "placement": "before-head", "replaced": [], "inserted": [17, 21, 25]},
        ],
    }
    data = yaml.safe_load(Path(told["path"]).read_text())
    layers = [*data["backbone"], *data["head"]]
    assert layers[-1] == [[17, 21, 25], 1, "OBB26", ["nc", 1]]
    assert {layers[number][2] for number in told["layers"]} == {"Conv_RefConv", "DSConv2D"}


def test_people_read_the_same(yolopatch, tmp_path):
    ran = yolopatch("render-cfg", "--module", "DSConv", "--placement", "1,+4", "--scale", "n", "--out", tmp_path)
    assert ran.code == 0
    assert "yolo11, detect, scale n, DSConv in layers 1 and in new layers 5" in " ".join(ran.out.split())


def test_no_module_is_the_base_models_own_file_for_any_task(yolopatch, tmp_path):
    ran = yolopatch("render-cfg", "--model", "yolov8", "--task", "classify", "--out", tmp_path, "--json")
    (told,) = ran.json["files"]
    assert (told["module"], told["layers"], told["placed"]) == (None, [], [])
    assert yaml.safe_load((tmp_path / "yolov8-cls.yaml").read_text())["nc"] == 1000
