"""Which layers a placement means, and the reason when it is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from yolopatch.catalog.model.models import MODELS, find_model, find_scales
from yolopatch.core.model.cfg_text import Cfg, file_name
from yolopatch.core.model.layout import Replacement
from yolopatch.core.model.placement import PLACEMENTS, choose
from yolopatch.errors import UsageError

from ..of_tutorials import MODULES

WITH_BLOCKS = [name for name, model in MODELS.items() if any(x.module == model.block for x in model.layers)]


def chosen(model: str, module: str, asked: str | None = None, block: bool = False, flavor: str = "paper"):
    return choose(MODELS[model], MODULES[module], flavor, asked, block)


def refusal(model: str, module: str, asked: str | None, block: bool = False, flavor: str = "paper") -> str:
    with pytest.raises(UsageError) as caught:
        chosen(model, module, asked, block, flavor)
    return "\n".join([caught.value.what, *caught.value.details, caught.value.hint])


@pytest.mark.parametrize(
    ("model", "placement", "layers"),
    [
        ("yolo26", "backbone-down", (1, 3, 5, 7)),
        ("yolo11", "backbone-down", (1, 3, 5, 7)),
        ("yolov8", "backbone-down", (1, 3, 5, 7)),
        ("yolov5", "backbone-down", (1, 3, 5, 7)),
        ("yolo26", "backbone-blocks", (2, 4, 6, 8)),
        ("yolov5", "backbone-blocks", (2, 4, 6, 8)),
        ("yolo11", "neck-blocks", (13, 16, 19, 22)),
        ("yolov8", "neck-blocks", (12, 15, 18, 21)),
        ("yolov5", "neck-blocks", (13, 17, 20, 23)),
        ("yolo26", "all-blocks", (2, 4, 6, 8, 13, 16, 19, 22)),
        ("yolov5", "head-1x1", (10, 14)),
    ],
)
def test_a_named_placement_means_these_layers(model, placement, layers):
    assert chosen(model, "DSConv", placement).layers == layers


@pytest.mark.parametrize(
    ("model", "module", "name"),
    [
        ("yolo11", "DSConv", "all-blocks"),
        ("yolov5", "DSConv", "all-blocks"),
        ("yolo26", "RefConv", "backbone-down"),
        ("yolov5", "SPConv", "backbone-down"),
        ("yolov5", "Dynamic_conv2d", "head-1x1"),
        ("yolo26", "Dynamic_conv2d", "backbone-down"),
    ],
)
def test_the_default_is_the_tutorials_placement_where_the_model_has_it(model, module, name):
    assert chosen(model, module).name == name


def test_the_tutorial_placement_can_be_named():
    assert chosen("yolo11", "DSConv", "tutorial") == chosen("yolo11", "DSConv", "all-blocks")


def test_layer_numbers_mean_themselves_in_any_order():
    assert chosen("yolo11", "RefConv", "3, 1").layers == (1, 3)
    assert chosen("yolo11", "RefConv", "2,0").layers == (0, 2), "a block and a Conv together"


def test_the_same_layers_get_the_same_name_however_they_are_asked():
    assert chosen("yolo11", "RefConv", "7,5,3,1") == chosen("yolo11", "RefConv")
    assert chosen("yolo11", "RefConv", "1,3").name == "at-1-3"


def test_names_are_matched_without_regard_to_case_and_dashes():
    assert chosen("yolo11", "RefConv", "Backbone_Blocks").layers == (2, 4, 6, 8)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("model", WITH_BLOCKS)
def test_block_replaces_every_block_by_the_modules_own(model, module, rendered):
    base, ours = (yaml.safe_load(rendered(model, "m", m, block=bool(m))) for m in (None, module))
    block = MODELS[model].block
    for section in ("backbone", "head"):
        for before, after in zip(base[section], ours[section], strict=True):
            if before[2] == block:
                before[2] = f"{block}_{module}"
            assert after == before


def test_block_agrees_with_a_placement_of_blocks():
    assert chosen("yolo11", "RefConv", "neck-blocks", block=True).layers == (13, 16, 19, 22)
    assert chosen("yolo11", "RefConv", "2,4", block=True).layers == (2, 4)


def test_block_with_a_placement_of_convolutions_is_refused():
    said = refusal("yolo11", "RefConv", "2,3", block=True)
    assert "layer 3, Conv of kernel 3×3, stride 2" in said
    assert "2, 4, 6, 8, 13, 16, 19, 22" in said


@pytest.mark.parametrize(
    ("asked", "found"), [("9", "SPPF"), ("10", "C2PSA"), ("11", "nn.Upsample"), ("1,12", "Concat")]
)
def test_a_layer_that_is_neither_conv_nor_block_is_refused(asked, found):
    said = refusal("yolo11", "RefConv", asked)
    number = asked.split(",")[-1]
    assert f"layer {number} is {found}" in said
    assert "only a Conv or a C3k2" in said
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17, 19, 20, 22" in said, "the layers that would fit"


def test_the_detection_head_is_refused():
    said = refusal("yolov8", "SPConv", "22")
    assert "layer 22" in said
    assert "Detect" in said
    assert "detection head" in said


@pytest.mark.parametrize("asked", ["24", "1,99", "-1", "1,", "1,x", "1;3,5", ",2"])
def test_a_layer_that_does_not_exist_is_refused(asked):
    assert "0 to 23" in refusal("yolo11", "RefConv", asked)


def test_a_layer_named_twice_is_refused():
    said = refusal("yolo11", "RefConv", "1,3,1")
    assert "layer 1 more than once" in said
    assert '"1,3"' in said


@pytest.mark.parametrize("module", ["RefConv", "SPConv"])
def test_a_kernel_that_the_module_cannot_take_is_refused(module):
    said = refusal("yolov5", module, "10")
    assert "layer 10 is Conv of kernel 1×1, stride 1" in said
    assert f"{module} supports a kernel of 3×3" in said
    assert "1, 2, 3, 4, 5, 6, 7, 8, 13, 17, 18, 20, 21, 23" in said


def test_the_yolov5_stem_is_refused_by_a_module_of_three_by_three_only():
    assert "kernel 6×6, stride 2" in refusal("yolov5", "SPConv", "0")


@pytest.mark.parametrize("flavor", ["paper", "tutorial"])
@pytest.mark.parametrize("model", ["yolo26", "yolo11", "yolov8"])
def test_too_few_input_channels_are_refused(model, flavor):
    said = refusal(model, "SPConv", "0,1", flavor=flavor)
    assert "layer 0" in said
    assert "the image has 3 channels, and SPConv needs 4 or more" in said
    assert "that fit: 1, 2, 3" in said


@pytest.mark.parametrize("model", WITH_BLOCKS)
def test_block_is_refused_for_a_module_that_cannot_take_the_kernels_of_its_bottlenecks(model):
    pointwise = replace(MODULES["DSConv"], name="PointConv", kernels=(1,))
    with pytest.raises(UsageError) as caught:
        choose(MODELS[model], pointwise, "paper", block=True)
    block = MODELS[model].block
    assert f"PointConv supports a kernel of 1×1, not 3×3, which the bottlenecks of {block} have" in caught.value.what
    none = "no layer of this model fits: choose another module of `yolopatch list`, or another model"
    assert caught.value.hint == {"yolov5": "layers of yolov5 that fit: 10, 14"}.get(model, none)


def test_a_padding_of_its_own_is_kept_by_the_paper_flavor_and_refused_by_the_bare_class(rendered):
    stem = yaml.safe_load(rendered("yolov5", "n", "RefConv", placement="0"))["backbone"][0]
    assert stem == [-1, 1, "Conv_RefConv", [64, 6, 2, 2]]
    assert "padding, 2" in refusal("yolov5", "RefConv", "0", flavor="tutorial")


@pytest.mark.parametrize("asked", ["head-1x1", "tutorial"])
def test_a_placement_without_a_layer_in_this_model_is_refused(asked):
    said = refusal("yolo11", "Dynamic_conv2d", asked)
    assert "head-1x1" in said
    assert "selects no layer of yolo11" in said
    assert "backbone-down, backbone-blocks, neck-blocks, all-blocks" in said


@pytest.mark.parametrize("asked", ["backbone-donw", "", "everything"])
def test_an_unknown_placement_gets_the_known_ones(asked):
    said = refusal("yolo11", "RefConv", asked)
    assert all(name in said for name in PLACEMENTS)


def test_an_unknown_model_gets_the_nearest():
    with pytest.raises(UsageError) as caught:
        find_model("yolo13")
    assert "yolo12" in caught.value.hint
    assert find_model("YOLO-v8") is MODELS["yolov8"]


@pytest.mark.parametrize(
    ("model", "text", "scales"),
    [
        ("yolo11", "all", ("all",)),
        ("yolov5", "all", ("n", "s", "m", "l", "x")),
        ("yolo11", "n", ("n",)),
        ("yolo11", "x, N,x", ("x", "n")),
    ],
)
def test_scales_are_all_or_letters(model, text, scales):
    assert find_scales(MODELS[model], text) == scales


@pytest.mark.parametrize("text", ["", "z", "n,z", "all,n", "n,"])
def test_an_unknown_scale_gets_the_known_ones(text):
    with pytest.raises(UsageError) as caught:
        find_scales(MODELS["yolo11"], text)
    assert "n, s, m, l, x" in caught.value.details[0]


@pytest.mark.parametrize(
    ("model", "scale", "module", "asked", "name"),
    [
        ("yolo11", "n", "DSConv", None, "yolo11n-C3k2-DSConv.yaml"),
        ("yolo26", "all", "RefConv", None, "yolo26-RefConv.yaml"),
        ("yolov5", "l", "Dynamic_conv2d", None, "yolov5l-Dynamic_conv2d.yaml"),
        ("yolo11", "all", "Dynamic_conv2d", "1,3,5,7", "yolo11-Dynamic_conv2d.yaml"),
        ("yolov8", "s", "SPConv", "all-blocks", "yolov8s-C2f-SPConv.yaml"),
        ("yolo11", "all", "RefConv", "backbone-blocks", "yolo11-RefConv-backbone-blocks.yaml"),
        ("yolo11", "n", "RefConv", "1,3", "yolo11n-RefConv-at-1-3.yaml"),
        ("yolo11", "all", None, None, "yolo11.yaml"),
    ],
)
def test_the_file_name_tells_model_scale_module_and_an_unusual_placement(model, scale, module, asked, name):
    replacements = ()
    if module:
        replacements = (Replacement(MODULES[module], "paper", chosen(model, module, asked)),)
    assert file_name(Cfg(MODELS[model], scale, replacements=replacements)) == name
