"""A one-scale file builds its scale on real upstream code, whatever name the file has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from yolopatch.catalog.model.models import MODELS

LETTERS = "nsmlx"

# parameters, in the order of the letters
PUBLISHED = {
    "yolo26": [2_572_280, 10_009_784, 21_896_248, 26_299_704, 58_993_368],
    "yolo11": [2_624_080, 9_458_752, 20_114_688, 25_372_160, 56_966_176],
    "yolov8": [3_157_200, 11_166_560, 25_902_640, 43_691_520, 68_229_648],
    "yolov5": [1_872_157, 7_235_389, 21_190_557, 46_563_709, 86_749_405],
}

# The meta device builds the very modules without filling them; a dict stands for itself.
PARSE = """
import json, sys
import torch
from ultralytics.nn.tasks import parse_model, yaml_model_load
results = []
for cfg in json.load(sys.stdin):
    try:
        with torch.device("meta"):
            network, _ = parse_model(cfg if isinstance(cfg, dict) else yaml_model_load(cfg), 3, verbose=False)
        results.append([sum(p.numel() for p in network.parameters()), repr(network)])
    except KeyError as error:
        results.append(["KeyError", str(error)])
print(json.dumps(results))
"""

BUILD = """
import json, sys
from ultralytics.nn.tasks import DetectionModel
built = [DetectionModel(cfg, verbose=False) for cfg in json.load(sys.stdin)]
print(json.dumps([sum(p.numel() for p in model.parameters()) for model in built]))
"""

BUILD_YOLOV5 = """
import json, sys
from yolov5.models.yolo import Model
print(json.dumps([sum(p.numel() for p in Model(cfg).parameters()) for cfg in json.load(sys.stdin)]))
"""


def written(folder: Path, name: str, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


# the other families are read by the same code of ours, and by older code of upstream's
newest_first = pytest.mark.parametrize(
    "model", ["yolo26", *(pytest.param(m, marks=pytest.mark.slow) for m in ("yolo11", "yolov8"))]
)


@pytest.mark.more
@newest_first
def test_each_scale_builds_upstreams_network_under_every_name_that_can(model, rendered, in_child, own_file, tmp_path):
    own = [str(own_file(model).with_name(f"{model}{scale}.yaml")) for scale in LETTERS]
    own_networks = dict(zip(LETTERS, in_child(model, PARSE, own), strict=True))
    assert [count for count, _ in own_networks.values()] == PUBLISHED[model]

    cases = []  # (scale, what is loaded, whether it must build)
    for scale in LETTERS:
        text = rendered(model, scale)
        cases.append((scale, yaml.safe_load(text), True))
        cases.append((scale, written(tmp_path / scale, "model.yaml", text), True))
        for letter in LETTERS:
            path = written(tmp_path / scale, f"{model}{letter}-mine.yaml", text)
            cases.append((scale, path, letter in MODELS[model].letters_for(scale)))

    results = in_child(model, PARSE, [cfg for _, cfg, _ in cases])
    for (scale, cfg, builds), result in zip(cases, results, strict=True):
        assert result == own_networks[scale] if builds else result[0] == "KeyError", cfg


@pytest.mark.parametrize("model", ["yolo11", "yolo26"])
def test_the_c3k_rule_decides_which_letters_a_scale_has(model):
    assert MODELS[model].letters_for("s") == ("s", "n")
    assert MODELS[model].letters_for("l") == ("l", "n", "s", "m", "x")
    assert MODELS["yolov8"].letters_for("s") == ("s", "n", "m", "l", "x")


@pytest.mark.more
@newest_first
def test_a_neutral_name_builds_the_whole_model_with_the_published_parameters(model, rendered, in_child, tmp_path):
    paths = [written(tmp_path / scale, "model.yaml", rendered(model, scale)) for scale in LETTERS]
    assert in_child(model, BUILD, paths) == PUBLISHED[model]


@pytest.mark.more
@newest_first
def test_the_file_of_all_scales_builds_each_by_its_name(model, rendered, in_child, tmp_path):
    written(tmp_path / "all", f"{model}-mine.yaml", rendered(model))
    paths = [str(tmp_path / "all" / f"{model}{scale}-mine.yaml") for scale in LETTERS]
    results = in_child(model, PARSE, paths)
    assert [count for count, _ in results] == PUBLISHED[model]


@pytest.mark.slow
def test_yolov5_builds_each_scale_whatever_the_name(rendered, in_child, tmp_path):
    paths = [written(tmp_path / s, "yolov5x-not.yaml", rendered("yolov5", s)) for s in LETTERS]
    assert in_child("yolov5", BUILD_YOLOV5, paths) == PUBLISHED["yolov5"]


@pytest.mark.more
def test_upstream_takes_the_file_of_all_scales_that_lies_beside_one_of_a_letter(rendered, in_child, tmp_path):
    """Why the render step refuses two files of one name and different content in a folder."""
    asked = written(tmp_path / "both", "yolo11n-mine.yaml", rendered("yolo11", "n", nc=3))
    alone, _ = in_child("yolo11", PARSE, [asked])[0]
    written(tmp_path / "both", "yolo11-mine.yaml", rendered("yolo11", nc=80))
    beside, _ = in_child("yolo11", PARSE, [asked])[0]
    assert alone < beside == PUBLISHED["yolo11"][0]
