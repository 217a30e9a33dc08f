"""The families that further pins have: each file of upstream's, on every pin that has its classes, at every scale."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from yolopatch.catalog.model.base_model import TASKS
from yolopatch.catalog.model.models import MODELS, VARIANTS, find_model
from yolopatch.catalog.pins import PINS
from yolopatch.core.model.cfg_text import Cfg, file_name, render_text
from yolopatch.core.model.layer_rules import last_stage
from yolopatch.errors import UsageError
from yolopatch.outside.files.templates import load_templates
from yolopatch.steps.model.render_request import RenderRequest, plan

from .test_cfg_scale_builds import PARSE

FOLDERS = {"yolov9": "v9", "yolov10": "v10", "yolo12": "12", "rtdetr": "rt-detr"}
HAVE = [pin.name for pin in PINS.values() if pin.others]


def cases(pin: str) -> list[tuple[str, str, str]]:
    """Give (family, task, scale) of every model that a pin has besides its own family's."""
    return [
        (family, task, scale)
        for (family, task), model in VARIANTS.items()
        if family in PINS[pin].others
        for scale in model.scales
    ]


def stated(own: Path, scale: str) -> int | None:
    """Give the number of parameters that upstream's own file states for a scale, if it does."""
    lines = own.read_text("utf-8").splitlines()
    said = [line for line in lines if "parameters," in line and ("scales" not in line)]
    of_scale = [line for line in said if re.match(rf"\s+{scale}: ", line)] or [x for x in said if x.startswith("#")]
    found = re.search(r"([\d,]+) parameters", of_scale[0]) if of_scale else None
    return int(found[1].replace(",", "")) if found else None


@pytest.mark.more
@pytest.mark.parametrize(
    ("pin", "asked"),
    [
        (HAVE[-1], [("yolov9", "segment", "e"), ("yolov10", "detect", "s"), ("yolo12", "detect", "l")]),
        *(pytest.param(pin, cases(pin), marks=pytest.mark.slow, id=pin) for pin in HAVE),
    ],
)
def test_each_builds_upstreams_own_network(pin, asked, running_tree, in_upstream, tmp_path):
    own, ours = [], []
    folder = running_tree(pin) / "ultralytics/cfg/models"
    for family, task, scale in asked:
        model = find_model(family, task).at(scale)
        own.append(str(folder / FOLDERS[family] / f"{model.stem(scale)}.yaml"))
        # a name with another letter does not matter where the letter does not decide more than the numbers
        name = f"{model.stem(scale)}.yaml" if model.has("C3k2") else "yolov8m-mine.yaml"
        (tmp_path / family / task / scale).mkdir(parents=True)
        ours.append(str(tmp_path / family / task / scale / name))
        Path(ours[-1]).write_text(render_text(Cfg(model, scale, model.nc), load_templates()), "utf-8")
    told = in_upstream(running_tree(pin), PARSE, given=[*own, *ours])
    built = json.loads(told.splitlines()[-1])
    for case, expected, found in zip(asked, built[: len(own)], built[len(own) :], strict=True):
        assert expected[0] != "KeyError", case
        assert found == expected, case
    if pin != "ultralytics-8.3.0":  # there, every model has the head of YOLO11, whatever its file states
        for (family, task, scale), file, (count, _) in zip(asked, own, built, strict=False):
            text = Path(file) if Path(file).exists() else Path(file).with_name(f"{family}{TASKS[task]}.yaml")
            assert stated(text, scale) in (None, count), (family, task, scale)


def test_a_family_is_written_for_the_pin_whose_own_it_is_or_the_first_that_has_it():
    assert {name: model.pin.name for name, model in MODELS.items()} == {
        "yolov5": "yolov5-6.1",
        "yolov8": "ultralytics-8.2.50",
        "yolo11": "ultralytics-8.3.0",
        "yolo26": "ultralytics-8.4.0",
        "yolov9": "ultralytics-8.2.50",
        "yolov10": "ultralytics-8.2.50",
        "yolo12": "ultralytics-8.4.0",
        "rtdetr": "ultralytics-8.2.50",
    }


@pytest.mark.parametrize(
    ("family", "scales", "names"),
    [
        ("yolov10", "all", [f"yolov10{scale}-SPConv.yaml" for scale in "nsmblx"]),
        ("yolov9", "t,e", ["yolov9t-SPConv.yaml", "yolov9e-SPConv.yaml"]),
        ("rtdetr", "l,resnet50", ["rtdetr-l-SPConv.yaml", "rtdetr-resnet50-SPConv.yaml"]),
        ("yolo12", "all", ["yolo12-SPConv.yaml"]),
    ],
)
def test_a_family_has_upstreams_scales_and_names(family, scales, names):
    assert [file_name(cfg) for cfg in plan(RenderRequest(("SPConv",), family, scales=scales))] == names


def test_a_placement_means_the_layers_of_each_scale():
    found = {cfg.scale: cfg.replacements[0].placement.layers for cfg in plan(RenderRequest(("DSConv",), "yolov10"))}
    assert found["n"] == (2, 4, 6, 8, 13, 16, 19)
    assert found["s"] == (2, 4, 6, 13, 16, 19)
    assert found["x"] == (2, 4, 16)


@pytest.mark.parametrize(
    ("family", "scale", "last"),
    [
        *((name, "n", 8) for name in ("yolov5", "yolov8", "yolo11", "yolo26", "yolo12", "yolov10")),
        *(("yolov10", "s", 8), ("yolov10", "x", 8), ("yolov9", "t", 8), ("yolov9", "e", 28)),
        *(("rtdetr", "l", 9), ("rtdetr", "x", 13), ("rtdetr", "resnet50", 4)),
    ],
)
def test_the_last_stage_of_a_backbone_is_what_pooling_and_attention_follow(family, scale, last):
    assert last_stage(find_model(family).at(scale)) == last


def test_a_block_of_another_pins_class_is_refused_with_the_pin_that_has_it():
    request = RenderRequest(("DSConv",), "yolov10", scales="n", placements=("2",))
    with pytest.raises(UsageError) as caught:
        plan(request, PINS["ultralytics-8.4.0"])
    assert "layer 2 of yolov10n cannot be replaced" in caught.value.what
    assert "DSConv has a block for C3k2 and none for C2f; C2f_DSConv is in ultralytics-8.2.50" in caught.value.what
    assert caught.value.hint == "layers of yolov10n that fit: 0, 1, 3, 17"
    with pytest.raises(UsageError) as caught:
        plan(RenderRequest(("DSConv",), "yolov10", scales="n", block=True), PINS["ultralytics-8.4.0"])
    assert "the class C3k2, the only one that a module replaces in ultralytics-8.4.0" in caught.value.details[0]


def test_a_pin_without_the_family_is_refused_with_those_it_has():
    with pytest.raises(UsageError) as caught:
        plan(RenderRequest(("DSConv",), "yolo12"), PINS["ultralytics-8.3.0"])
    assert caught.value.what == "ultralytics-8.3.0 has no yolo12"
    assert caught.value.details == ("its models: yolo11, yolov9, yolov10, rtdetr",)
    assert caught.value.hint == "--repo ultralytics-8.4.0"


@pytest.mark.parametrize(("scale", "letters"), [("n", "ns"), ("m", "mns"), ("l", "lx"), ("x", "xl")])
def test_the_letter_of_yolo12_decides_more_than_its_row(scale, letters, rendered):
    assert MODELS["yolo12"].letters_for(scale) == tuple(letters)
    barred = ", ".join(letter for letter in "nsmlx" if letter not in letters)
    assert f"# no {barred}: a file of such a name must fail" in rendered("yolo12", scale)
