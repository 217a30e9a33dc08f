"""In the tutorial flavor the files are those that the posts print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"

_KEYS = "nc|end2end|reg_max|depth_multiple|width_multiple|scales|anchors|backbone|head"

needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the tutorials' documents are not at {SEEDS}")


def _cut(text: str) -> str:
    """Return the part from `nc: 80` to the detection head, which is the last layer."""
    start = re.search(r"nc:\s*80", text)
    end = re.search(r"Detect,\s*\[nc.*?\]\](?:,  # Detect\(P3, P4, P5\)\])?", text)
    if start is None or end is None:
        pytest.fail("the document prints no YAML")
    return text[start.start() : end.end()]


def _mended(text: str) -> str:
    """Put back what the document lost: a comment ends where a key, a list item or a bracket begins."""
    text = re.sub(rf"({_KEYS}):", r"\n\1: ", text)
    text = re.sub(r"([nsmlx]):\s*\[", r"\n  \1: [", text)
    text = re.sub(r"-\s*\[(?=-1|\[|\d)", r"\n  - [", text)
    text = re.sub(r"#", " # ", text)
    # yolov5 keeps its layers in one pair of brackets: items end in `,`, the pair after a comment
    text = re.sub(r"(?<!- )(?<!-1, 1, )(\[\[?-1, |\[\[\d+, \d+, \d+\])", r"\n   \1", text)
    return re.sub(r"(# +(?:9|Detect\(P3, P4, P5\)))\]", r"\1\n  ]", text)


def printed_yaml(number: str) -> dict[str, Any]:
    """Return the YAML of the document whose name starts with `number`, parsed.

    The documents lost line breaks and spaces, which are put back first.
    """
    (path,) = SEEDS.glob(f"{number}_*.txt")
    return yaml.safe_load(_mended(_cut(path.read_text("utf-8"))))


@needs_seeds
@pytest.mark.parametrize(
    ("document", "model", "scale", "module"),
    [
        ("000", "yolo26", "all", "RefConv"),
        ("003", "yolo11", "all", "DSConv"),
        ("004", "yolov5", "l", "Dynamic_conv2d"),
    ],
)
def test_the_printed_yaml_is_reproduced_whole(document, model, scale, module, rendered):
    printed = printed_yaml(document)
    ours = yaml.safe_load(rendered(model, scale, module, "tutorial"))
    assert ours == printed
    assert list(ours) == list(printed)


@needs_seeds
@pytest.mark.parametrize(
    ("scale", "depth", "width"),
    [("n", 0.33, 0.25), ("s", 0.33, 0.50), ("m", 0.67, 0.75), ("l", 1.0, 1.0), ("x", 1.33, 1.25)],
)
def test_yolov5s_printed_multiples_give_the_other_scales(scale, depth, width, rendered):
    expected = printed_yaml("004") | {"depth_multiple": depth, "width_multiple": width}
    assert yaml.safe_load(rendered("yolov5", scale, "Dynamic_conv2d", "tutorial")) == expected


@pytest.mark.parametrize(
    ("model", "module", "lines"),
    [
        ("yolo26", "DynamicConv", [[-1, 1, "DynamicConv", [c, 3, 2]] for c in (128, 256, 512, 1024)]),
        ("yolov8", "SPConv", [[-1, 1, "SPConv_3x3", [c, 2]] for c in (128, 256, 512, 1024)]),
    ],
)
def test_the_yaml_that_a_post_leaves_out_has_its_slots(model, module, lines, rendered):
    base, ours = (yaml.safe_load(rendered(model, "all", m, "tutorial")) for m in (None, module))
    slots = (1, 3, 5, 7)
    assert [ours["backbone"][i] for i in slots] == lines
    for i in slots:
        ours["backbone"][i] = base["backbone"][i]
    assert ours == base


def test_the_paper_flavor_keeps_upstreams_arguments(rendered):
    backbone = yaml.safe_load(rendered("yolov8", "all", "SPConv"))["backbone"]
    assert [backbone[i] for i in (1, 3)] == [
        [-1, 1, "Conv_SPConv", [128, 3, 2]],
        [-1, 1, "Conv_SPConv", [256, 3, 2]],
    ]


@pytest.mark.parametrize("flavor", ["paper", "tutorial"])
def test_dsconv_replaces_every_block_in_both_flavors(flavor, rendered):
    cfg = yaml.safe_load(rendered("yolo11", "all", "DSConv", flavor))
    classes = [line[2] for line in cfg["backbone"] + cfg["head"]]
    assert classes.count("C3k2_DSConv") == 8
    assert "C3k2" not in classes


def test_dynamic_conv2d_on_another_kernel_gets_its_whole_argument_list(rendered):
    text = rendered("yolo11", "all", "Dynamic_conv2d", "tutorial")
    # kernel 3, ratio 0.25, stride 2, padding 1: the class has no [c, k, s] form
    assert yaml.safe_load(text)["backbone"][1] == [-1, 1, "Dynamic_conv2d", [128, 3, 0.25, 2, 1]]


def test_the_header_says_that_the_bare_class_drops_batchnorm_and_activation(rendered):
    said = "BatchNorm and SiLU of the replaced Conv layers are dropped"
    assert said in rendered("yolo26", "all", "RefConv", "tutorial")
    assert said not in rendered("yolo26", "all", "RefConv", "paper")
    assert said not in rendered("yolo11", "all", "DSConv", "tutorial"), "a block keeps its own"


def test_the_header_names_model_module_flavor_placement_and_layers(rendered):
    header = "\n".join(rendered("yolo26", "n", "RefConv", "tutorial").splitlines()[:4])
    for fact in ("yolopatch", "yolo26", "scale n", "RefConv", "tutorial", "backbone-down", "1, 3, 5, 7"):
        assert fact in header


def test_the_first_line_after_the_signature_says_which_workspace_builds_the_file(rendered):
    line = rendered("yolo26", "n", "RefConv", "tutorial").splitlines()[1]
    assert line == (
        "# needs a workspace of ultralytics-8.4.0 with RefConv (elsewhere: KeyError), which this makes: "
        "yolopatch apply --repo ultralytics-8.4.0 --module RefConv --flavor tutorial"
    )
    assert "(elsewhere: NameError)" in rendered("yolov5", "s", "DSConv").splitlines()[1]
    assert "needs a workspace" not in rendered("yolo11"), "the base model's file needs none"
