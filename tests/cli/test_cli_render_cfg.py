"""`yolopatch render-cfg`: what it writes, and what it says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

PIN = "ultralytics-8.3.0"  # of the workspace


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


def test_what_the_workspace_at_the_output_folder_cannot_build_is_said(workspace, yolopatch, tmp_path):
    def notes(*words: object) -> str:
        ran = yolopatch("render-cfg", "--scale", "n", "--out", workspace, *words, "--json")
        assert ran.code == 0, ran.err
        assert ran.json.keys() == {"files"}
        return ran.err

    assert notes("--module", "RefConv", "--model", "yolo11") == ""
    other = notes("--module", "RefConv")  # the model of its tutorial
    assert f"yolo26n-RefConv.yaml is a yolo26 model, and {workspace} is a workspace of {PIN}, which is for" in other
    assert "--model yolo11, or yolopatch apply --repo ultralytics-8.4.0 --module RefConv" in other
    missing = notes("--module", "SPConv", "--model", "yolo11", "--out", workspace / "models")
    assert f"does not have SPConv yet: yolopatch apply --repo {PIN} --module SPConv --dest " in missing
    flavor = notes("--module", "RefConv", "--model", "yolo11", "--placement", "1", "--flavor", "tutorial")
    assert "has RefConv in the flavor paper, not tutorial: --flavor paper" in flavor
    assert notes("--module", "RefConv", "--out", tmp_path / "elsewhere") == ""


def test_as_many_classes_as_a_row_has_channels_are_pointed_out(yolopatch, tmp_path):
    def notes(model: str, nc: int) -> str:
        return yolopatch(
            "render-cfg", "--model", model, "--scale", "n", "--nc", nc, "--out", tmp_path / f"{model}-{nc}"
        ).err

    told = notes("yolo11", 512)
    assert "the rows of layers 4, 5, 6, 13, 19, 20 ask for 512 channels, as many as there are classes" in told
    assert "--nc 513" in told
    assert notes("yolo11", 513) == notes("yolo11", 1) == ""
    assert notes("yolov5", 512) == ""  # which compares with the head's outputs instead


OWN = """\
nc: 3
kpt_shape: [17, 3]
scales: {n: [0.5, 0.25, 1024], s: [0.5, 0.5, 1024]}
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
head:
  - [-1, 2, C3k2, [256, False, 0.25]]
  - [[-1, -2], 1, Concat, [1]]
  - [[2, 3], 1, Detect, [nc]]
"""


def test_a_file_that_somebody_brings_is_the_base(yolopatch, tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    ran = yolopatch("render-cfg", "--from", tmp_path / "mine.yaml", "--module", "DSConv", "--out", tmp_path, "--json")
    (told,) = ran.json["files"]
    assert (told["path"], told["model"], told["scale"]) == (str(tmp_path / "mine-C3k2-DSConv.yaml"), "mine", "all")
    assert (told["layers"], told["placed"][0]["placement"]) == ([2], "all-blocks")
    assert (
        "mine.yaml is taken as a model of ultralytics-8.4.0, because it has C3k2 blocks; --repo names another"
        in ran.err
    )
    text = (tmp_path / "mine-C3k2-DSConv.yaml").read_text()
    assert "# made of mine.yaml, for ultralytics-8.4.0\n" in text
    assert yaml.safe_load(text)["kpt_shape"] == [17, 3]
    assert (tmp_path / "mine.yaml").read_text() == OWN


def test_the_pin_of_a_file_is_the_named_one_or_that_of_the_workspace(workspace, yolopatch, tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN.replace("C3k2, [256, False, 0.25]", "C2f, [256]"))
    arguments = ("render-cfg", "--from", tmp_path / "mine.yaml", "--module", "RefConv", "--placement", "2", "--out")
    ran = yolopatch(*arguments, tmp_path, "--repo", "ultralytics-8.4.0")
    assert ran.code == 2
    assert "in ultralytics-8.4.0, RefConv has a block for C3k2 and none for C2f" in ran.err
    ran = yolopatch(*arguments, workspace)
    assert (ran.code, ran.out) == (2, "")
    assert f"in {PIN}, RefConv has a block for C3k2 and none for C2f" in ran.err
    ran = yolopatch(*arguments, tmp_path)
    assert ran.code == 0
    assert "mine.yaml is taken as a model of ultralytics-8.2.50, because it has C2f blocks" in ran.err


def test_what_names_the_base_twice_is_refused(yolopatch, tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    arguments = ("render-cfg", "--from", tmp_path / "mine.yaml", "--module", "DSConv", "--out", tmp_path)
    for words, said in (
        (("--model", "yolo11"), "--model and --from both name the base model"),
        (("--task", "pose"), "of a file, the last layer says the task"),
    ):
        ran = yolopatch(*arguments, *words)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    ran = yolopatch("render-cfg", "--from", tmp_path / "none.yaml", "--module", "DSConv")
    assert ran.code == 2
    assert "none.yaml does not exist" in ran.err


def test_a_further_family_is_written_for_the_workspace_that_builds_it(workspace, yolopatch):
    ran = yolopatch("render-cfg", "--model", "yolov10", "--module", "RefConv", "--scale", "n", "--out", workspace)
    assert (ran.code, ran.err) == (0, "")
    other = yolopatch("render-cfg", "--model", "yolo12", "--module", "RefConv", "--scale", "n", "--out", workspace)
    assert f"workspace of {PIN}, which is for yolo11 and has yolov9, yolov10, rtdetr" in other.err
    assert "yolopatch apply --repo ultralytics-8.4.0 --module RefConv" in other.err


@pytest.mark.more
def test_the_command_that_a_file_names_makes_the_workspace_that_builds_it(yolopatch, need_pin, tmp_path, monkeypatch):
    need_pin(PIN)
    monkeypatch.chdir(tmp_path)
    assert yolopatch("render-cfg", "--module", "DSConv", "--model", "yolo11", "--scale", "n").code == 0
    (line,) = [line for line in Path("yolo11n-C3k2-DSConv.yaml").read_text("utf-8").splitlines() if "needs" in line]
    assert line.startswith(f"# needs a workspace of {PIN} with DSConv (elsewhere: KeyError)")
    made = yolopatch(*line.partition("makes: yolopatch ")[2].split())
    assert made.code == 0, made.err
    counted = yolopatch("summary", PIN, "--cfg", "yolo11n-C3k2-DSConv.yaml", "--json")
    assert counted.code == 0, counted.err
    assert counted.json["layers"] > 0
