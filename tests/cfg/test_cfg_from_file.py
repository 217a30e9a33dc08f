"""Modules in a YAML that somebody brings: every file of upstream's, and files of every form that YAML has."""

from __future__ import annotations

import sys
from pathlib import PurePath

import pytest
import yaml

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.model.cfg_file import parse_cfg
from yolopatch.core.model.cfg_text import file_name, render_text
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.wire.facts import PASSES, Question

PIN = "ultralytics-8.4.0"
OWN = """\
# a post's own
nc: 4
activation: nn.ReLU()
kpt_shape: &shape [17, 3]
twice: *shape
small: 1.0e-05
scales: {n: [0.5, 0.25, 1024], s: [0.5, 0.5, 1024]}
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, '1', Conv, [128, 3, 2]]
head:
  - [-1, 2, C3k2, [256, False, 0.25]]
  - [-2, 1, Conv, ["256", 3]]
  - [[-1, -2], 1, Concat, [1]]
  - [-1, 1, MyBlock, [256, "None", [1, [2, True]], 'a, b', null]]
  - [[2, 5], 1, Detect, [nc]]
""".replace("'1'", "1")


def planned(text: str, *modules: str, name: str = "mine.yaml", pin: str = PIN, **options):
    """Plan the files of a YAML of this text, and give them with what is written."""
    cfgs = plan(RenderRequest(modules, **options), PINS[pin], parse_cfg(text, PurePath(name)))
    return [(cfg, yaml.safe_load(render_text(cfg, load_templates()))) for cfg in cfgs]


def rows(content: dict) -> list[list]:
    """Give the rows of a file, with the layers that they read counted from the first."""
    listed = [*content["backbone"], *content["head"]]
    return [
        [[i + f if f < 0 else f for f in (row[0] if isinstance(row[0], list) else [row[0]])], *row[1:]]
        for i, row in enumerate(listed)
    ]


def refusal(text: str, *modules: str, **options) -> UsageError:
    with pytest.raises(UsageError) as caught:
        planned(text, *(modules or ("DSConv",)), **options)
    return caught.value


@pytest.mark.parametrize(
    ("pin", "every"),
    [(PIN, 8), *(pytest.param(pin, 1, marks=pytest.mark.slow) for pin in (PIN, "yolov5-pypi-6.1.0"))],
)
def test_each_file_of_upstreams_is_written_as_the_same_model(pin, every, pristine_tree):
    root = pristine_tree(pin)
    folder = root / ("ultralytics/cfg/models" if pin == PIN else "yolov5/models")
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) > 20
    for file in files[::every]:
        found = read_cfg(file)
        if not found.rows:
            continue  # the anchors of yolov5
        (cfg,) = plan(RenderRequest(), PINS[pin], found)
        own, ours = found.content, yaml.safe_load(render_text(cfg, load_templates()))
        assert {key: value for key, value in ours.items() if key not in ("backbone", "head")} == {
            key: value for key, value in own.items() if key not in ("backbone", "head")
        }, file.name
        assert rows(ours) == rows(own), file.name


def test_all_other_keys_are_kept_and_whatever_a_row_has():
    ((cfg, found),) = planned(OWN, "DSConv", placements=("all-blocks",))
    own = yaml.safe_load(OWN)
    assert {**found, "head": 0, "backbone": 0} == {**own, "head": 0, "backbone": 0}
    assert found["backbone"] == own["backbone"]
    assert found["head"][0] == [-1, 2, "C3k2_DSConv", [256, False, 0.25]]
    assert found["head"][1] == [-2, 1, "Conv", [256, 3]], "a number in quotes is a number for upstream, too"
    assert found["head"][2:] == own["head"][2:]
    assert file_name(cfg) == "mine-C3k2-DSConv.yaml"


def test_sources_are_renumbered_whether_they_count_from_the_first_layer_or_back():
    ((_, found),) = planned(OWN, "DSConv", placements=("+2",))
    assert [row[0] for row in rows(found)] == [[-1], [0], [1], [2], [1], [4, 3], [5], [3, 6]]
    assert [row[0] for row in found["head"]] == [-1, -1, -3, [-1, -2], -1, [3, 6]]
    assert rows(found)[3][1:] == [1, "DSConv2D", [256, 3, 1]]


def test_several_modules_have_their_own_layers():
    ((cfg, found),) = planned(OWN, "DSConv", "SPConv", placements=("DSConv:all-blocks", "SPConv:1,+0"))
    assert [row[2] for row in rows(found)][:4] == ["Conv", "Conv_SPConv", "Conv_SPConv", "C3k2_DSConv"]
    assert file_name(cfg) == "mine-C3k2-DSConv-SPConv-at-1-after-0.yaml"


@pytest.mark.parametrize(
    ("name", "scale", "written"),
    [
        ("yolov8-p2.yaml", "all", "yolov8-p2-SPConv.yaml"),
        ("yolov8-p2.yaml", "n", "yolov8n-p2-SPConv.yaml"),
        ("yolov8n-p2.yaml", "s", "yolov8s-p2-SPConv.yaml"),
        ("yolo11mine.yaml", "n", "yolo11n-mine-SPConv.yaml"),
        ("my-model.yaml", "s", "my-model-s-SPConv.yaml"),
        ("yoloe-11.yml", "s", "yoloe-11s-SPConv.yaml"),
    ],
)
def test_the_letter_stands_where_upstream_reads_it(name, scale, written):
    ((cfg, _),) = planned(OWN, "SPConv", name=name, scales=scale)
    assert file_name(cfg) == written


def test_one_scale_builds_under_every_name_that_it_can():
    ((cfg, found),) = planned(OWN, "SPConv", scales="s", nc=7)
    assert (cfg.scale, found["scale"], found["nc"]) == ("s", "s", 7)
    assert found["scales"] == {"s": [0.5, 0.5, 1024], "n": [0.5, 0.5, 1024]}, "C3k2 forbids m, l and x"
    assert found["kpt_shape"] == [17, 3]


def test_multiples_are_kept_or_those_of_the_scale_that_is_asked_for():
    text = OWN.replace(
        "scales: {n: [0.5, 0.25, 1024], s: [0.5, 0.5, 1024]}", "depth_multiple: 0.33\nwidth_multiple: 0.5"
    )
    ((_, found),) = planned(text, "SPConv", name="yolov5s-mine.yaml")
    assert (found["depth_multiple"], found["width_multiple"]) == (0.33, 0.5)
    both = planned(text, "SPConv", name="yolov5s-mine.yaml", scales="n,x")
    assert [(one["depth_multiple"], one["width_multiple"]) for _, one in both] == [(0.33, 0.25), (1.33, 1.25)]
    assert [file_name(cfg) for cfg, _ in both] == ["yolov5n-mine-SPConv.yaml", "yolov5x-mine-SPConv.yaml"]


def test_a_scale_that_the_file_does_not_have_is_refused():
    assert refusal(OWN, scales="x").details == ("known: n, s",)
    without = OWN.replace("scales:", "scales_of_another_name:")
    assert refusal(without, scales="n").what == "mine has no scales"
    assert "is a file for scale n, not s" in refusal(f"scale: n\n{OWN}", scales="s").what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[-2, 1, Conv,", "[-9, 1, Conv,", "layer 3, in head, reads -9, which is not before it"),
        ("[-2, 1, Conv,", "[3, 1, Conv,", "layer 3, in head, reads 3, which is not before it"),
        ("[-1, 1, Conv, [64, 3, 2]]", "[0, 1, Conv, [64, 3, 2]]", "layer 0, in backbone, reads 0"),
        ("[-1, 2, C3k2,", "[-1, two, C3k2,", "layer 2, in head, is not a row of a model"),
        ("[-1, 2, C3k2, [256, False, 0.25]]", "[-1, 2, C3k2]", "layer 2, in head, is not a row of a model"),
        ("Concat", "__import__('os')", "layer 4, in head, is not a row of a model"),
        ("backbone:", "backbones:", "backbone is not a list of layers"),
        ("[0.5, 0.25, 1024]", "[0.5, wide, 1024]", "scale n of its table has no numbers of a scale"),
        ("[[2, 5], 1, Detect, [nc]]", "7", "layer 6, in head, is not a row of a model"),
    ],
)
def test_what_is_no_model_is_refused_with_its_place(old, new, said):
    assert old in OWN
    error = refusal(OWN.replace(old, new, 1))
    assert said in error.what
    assert error.what.startswith("mine.yaml: ")
    assert error.details[0].startswith("expected: ")


@pytest.mark.parametrize(
    ("row", "module", "placement", "said"),
    [
        ("Conv, [64, 3, 2, None, 2]", "SPConv", "1", "takes groups 1, and the layer has 2"),
        ("Conv, [64, 3, 2, 2, 1, 2]", "RefConv", "0", "takes dilation 1, and the layer has 2"),
        ("Conv, [64, [3, 5], 2]", "DSConv", "0", "are not plain numbers"),
        ("Conv, [nc, 3, 2]", "DSConv", "0", "are not plain numbers"),
        ("HGStem, [32, 48]", "DSConv", "+0", "how many channels HGStem gives is not its first argument"),
        ("nn.MaxPool2d, [3, 2, 1]", "DSConv", "+0", "nn.MaxPool2d does not set its number of channels"),
        ("nn.Identity, []", "SPConv", "1", "the image has 3 channels, and SPConv needs 4 or more"),
        ("CBLinear, [[64, 128]]", "DSConv", "+0", "CBLinear gives several maps"),
    ],
)
def test_a_layer_that_does_not_fit_is_refused_with_the_rule(row, module, placement, said):
    replaced = "Conv, [128, 3, 2]" if placement == "1" and "Identity" not in row else "Conv, [64, 3, 2]"
    text = OWN.replace(replaced, row, 1)
    error = refusal(text, module, placements=(placement,))
    assert said in error.what
    assert "of mine that fit: " in error.hint


def test_a_padding_of_none_is_the_usual_one():
    text = OWN.replace("Conv, [64, 3, 2]", "Conv, [64, 3, 2, None, 1, 1, False]", 1)
    ((_, found),) = planned(text, "DSConv", placements=("0",))
    assert found["backbone"][0] == [-1, 1, "DSConv2D", [64, 3, 2, "None", 1, 1, False]]


def test_a_name_that_cannot_be_printed_is_refused():
    assert "cannot be printed" in refusal(OWN, name="a\nnc: 9.yaml").what


# by pin, files of upstream's with a module, and where
PLACED = {
    PIN: [
        ("26/yolo26-p2", "DSConv", "all-blocks", "n"),
        ("26/yolo26-p6", "RefConv", "backbone-down", "n"),
        ("12/yolo12", "DSConv", "all-blocks", "n"),
        ("rt-detr/rtdetr-l", "SPConv", "+16,22,25", "l"),
        ("v9/yolov9e", "DynamicConv", "backbone-down", ""),
        ("v10/yolov10n", "RefConv", "before-head", "n"),
        ("v8/yolov8-ghost-p2", "DSConv", "before-head", "n"),
        ("v6/yolov6", "RefConv", "all-down", "n"),
        ("v3/yolov3-tiny", "DSConv", "before-head", ""),
    ],
    "ultralytics-8.3.0": [
        ("v8/yolov8-p6", "SPConv", "backbone-down", "n"),
        ("v8/yolov8-rtdetr", "DSConv", "all-down", "n"),
        ("v10/yolov10x", "DSConv", "1,3,+10", "x"),
    ],
    "ultralytics-8.2.50": [
        ("v8/yolov8-p2", "DSConv", "all-blocks", "n"),
        ("v10/yolov10s", "SPConv", "all-blocks", "s"),
        ("rt-detr/rtdetr-resnet50", "RefConv", "all-down", "l"),
        ("v9/yolov9t", "DSConv", "before-head", ""),
        ("v8/yolov8-worldv2", "DSConv", "backbone-blocks", "n"),
    ],
    "yolov5-pypi-6.1.0": [
        ("hub/yolov5-p6", "DSConv", "all-blocks", "n"),
        ("hub/yolov5s-transformer", "SPConv", "backbone-down", "s"),
        ("hub/yolov5s-ghost", "RefConv", "before-head", "s"),
        ("hub/yolov5-bifpn", "DSConv", "1,+2,+10", "n"),
    ],
}


@pytest.mark.parametrize(
    ("pin", "placed"),
    [
        pytest.param(PIN, PLACED[PIN][:2], id="two"),
        *(pytest.param(pin, placed, marks=pytest.mark.slow, id=pin) for pin, placed in PLACED.items()),
    ],
)
def test_the_pins_parser_builds_them_and_everything_trains(pin, placed, pristine_tree, full_workspace, tmp_path):
    folder = pristine_tree(pin) / ("yolov5/models" if "yolov5" in pin else "ultralytics/cfg/models")
    asked = []
    for number, (name, module, placement, scale) in enumerate(placed):
        request = RenderRequest(
            (module,),
            scales=scale or "all",
            placements=(placement,),
            out=tmp_path / str(number),
            source=folder / f"{name}.yaml",
            repo=pin,
        )
        (file,) = render(request, templates_dir()).files
        asked.append((file, MODULES[module], Question(str(file.path), scale, (PASSES,))))
    answers = ask_facts(full_workspace(pin), PINS[pin], [q for *_, q in asked], python=sys.executable, imgsz=128)
    for (file, module, _), facts in zip(asked, answers, strict=True):
        kinds = {facts.table[layer].kind for layer in file.layers}
        assert file.layers
        assert all(module.name in kind or kind == module.conv for kind in kinds), (file.path.name, kinds)
        assert facts.passes.without_gradient == (), file.path.name
