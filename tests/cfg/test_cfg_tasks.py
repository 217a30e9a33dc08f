"""The models of the other tasks: found by family and task, placed and named as the detection model is."""

from __future__ import annotations

from pathlib import PurePath

import pytest
import yaml

from yolopatch.catalog.model.models import VARIANTS, find_model
from yolopatch.core.model.cfg_file import parse_cfg
from yolopatch.core.model.cfg_text import file_name
from yolopatch.core.model.placement import choose
from yolopatch.errors import UsageError
from yolopatch.steps.model.render_request import RenderRequest, plan

from ..of_tutorials import MODULES


@pytest.mark.parametrize(("family", "task"), VARIANTS)
def test_what_a_file_is_for_is_read_from_its_head(family, task, rendered):
    scale = next(iter(VARIANTS[family, task].scales))
    assert parse_cfg(rendered(family, scale, task=task), PurePath("any.yaml")).task == task


@pytest.mark.parametrize(("asked", "found"), [("segment", "segment"), ("seg", "segment"), ("CLS", "classify")])
def test_a_task_is_named_as_upstream_does_in_words_or_file_names(asked, found):
    assert find_model("yolo11", asked).task == found


def test_a_task_that_the_family_lacks_is_refused_with_those_it_has():
    with pytest.raises(UsageError) as caught:
        find_model("yolov5", "segment")
    assert caught.value.what == "unknown task of yolov5 'segment'"
    assert caught.value.details == ("known: detect",)
    with pytest.raises(UsageError) as caught:
        find_model("yolo26", "segmnt")
    assert "segment" in caught.value.hint


def test_a_model_named_as_its_file_gets_the_two_options():
    with pytest.raises(UsageError) as caught:
        find_model("yolo11-seg")
    assert caught.value.hint == "--model yolo11 --task segment"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("yolov9c", "--model yolov9 --scale c"),
        ("rtdetr-resnet50", "--model rtdetr --scale resnet50"),
        ("yolov9e-seg", "--model yolov9 --task segment --scale e"),
        ("yolo11n", "--model yolo11 --scale n"),
    ],
)
def test_a_model_named_with_its_scale_gets_the_options(name, hint):
    with pytest.raises(UsageError) as caught:
        find_model(name)
    assert caught.value.hint == hint


@pytest.mark.parametrize("task", ["segment", "pose", "obb"])
@pytest.mark.parametrize("family", ["yolov8", "yolo11", "yolo26"])
def test_placements_mean_the_layers_of_the_detection_model(family, task):
    for module in MODULES.values():
        for name in ("tutorial", "backbone-down", "backbone-blocks", "neck-blocks", "all-blocks", "before-head"):
            if name == "tutorial" and (module.tutorial is None or module.tutorial.placement == "head-1x1"):
                continue
            detect, other = (choose(find_model(family, t), module, "paper", name) for t in ("detect", task))
            assert detect == other


@pytest.mark.parametrize("family", ["yolov8", "yolo11", "yolo26"])
def test_a_classifier_has_a_backbone_and_no_neck(family):
    model = find_model(family, "classify")
    assert choose(model, MODULES["DSConv"], "paper").layers == (2, 4, 6, 8)
    assert choose(model, MODULES["RefConv"], "paper", "before-head").after == (len(model.layers) - 2,)
    with pytest.raises(UsageError) as caught:
        choose(model, MODULES["RefConv"], "paper", "neck-blocks")
    assert f"selects no layer of {family}-cls" in caught.value.what
    with pytest.raises(UsageError) as caught:
        choose(model, MODULES["RefConv"], "paper", str(len(model.layers) - 1))
    assert "classification head" in caught.value.what


@pytest.mark.parametrize(
    ("family", "task", "scale", "name"),
    [
        ("yolo11", "segment", "n", "yolo11n-seg-C3k2-DSConv.yaml"),
        ("yolov8", "classify", "all", "yolov8-cls-C2f-DSConv.yaml"),
        ("yolo26", "obb", "x", "yolo26x-obb-C3k2-DSConv.yaml"),
    ],
)
def test_the_task_stands_in_the_name_where_upstream_looks_for_it(family, task, scale, name):
    (cfg,) = plan(RenderRequest(("DSConv",), family, task, scale))
    assert file_name(cfg) == name


def test_the_number_of_classes_is_upstreams_unless_asked(rendered):
    assert [plan(RenderRequest((), "yolov8", task))[0].nc for task in ("detect", "pose", "classify")] == [80, 1, 1000]
    assert yaml.safe_load(rendered("yolov8", task="pose", nc=3))["nc"] == 3
