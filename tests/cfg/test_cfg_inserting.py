"""A new layer behind another: every number after it moves, and whatever read the one reads the other."""

from __future__ import annotations

import pytest
import yaml

from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.modules import MODULES
from yolopatch.core.model.placement import choose
from yolopatch.errors import UsageError

FAMILIES = list(MODELS)


def one_file(model: str) -> str:
    """Give the scale of the file that has most: all of them, or the first that has a file."""
    return "all" if MODELS[model].has_scales_table else next(iter(MODELS[model].scales))


def rows(text: str) -> list[list]:
    """Give a file's layers with the numbers of those they read counted from the first."""
    data = yaml.safe_load(text)
    return [
        [
            [number + source if source < 0 else source for source in ([origin] if isinstance(origin, int) else origin)],
            *rest,
        ]
        for number, (origin, *rest) in enumerate([*data["backbone"], *data["head"]])
    ]


def without(layers: list[list], inserted: list[int]) -> list[list]:
    """Take layers out of a model again: what read one of them reads what it read."""
    kept = [number for number in range(len(layers)) if number not in inserted]
    renumbered = {-1: -1, **{number: position for position, number in enumerate(kept)}}
    for number in inserted:
        renumbered[number] = renumbered[number - 1]
    return [[[renumbered[source] for source in layers[number][0]], *layers[number][1:]] for number in kept]


@pytest.mark.parametrize("flavor", ["paper", "tutorial"])
@pytest.mark.parametrize("model", FAMILIES)
def test_behind_any_layer_the_rest_of_the_graph_is_the_base_models(model, flavor, rendered):
    scale = one_file(model)
    base = rows(rendered(model, scale))
    for index, layer in enumerate(MODELS[model].layers):
        if layer.sets_channels:
            text = rendered(model, scale, "DSConv", flavor, f"+{index}")
            found = rows(text)
            name = "DSConv2D" if flavor == "paper" else "DSConv"
            assert found[index + 1] == [[index], 1, name, [layer.args[0], 3, 1]]
            assert without(found, [index + 1]) == base
            readers = [row for row in found if index in row[0]]
            assert readers == [found[index + 1]], "all others read the new layer"


@pytest.mark.parametrize("model", FAMILIES)
def test_the_detect_indices_move_to_the_new_layers_before_it(model, rendered):
    scale = one_file(model)
    base, found = rows(rendered(model, scale)), rows(rendered(model, scale, "RefConv", placement="before-head"))
    reads = base[-1][0]
    assert found[-1][0] == [number + place + 1 for place, number in enumerate(reads)]
    assert [found[number][2] for number in found[-1][0]] == ["Conv_RefConv"] * 3
    assert without(found, found[-1][0]) == base


def test_replaced_and_new_layers_go_together(rendered):
    found = rows(rendered("yolo11", "all", "RefConv", placement="1,+1,3"))
    assert [row[2] for row in found[:5]] == ["Conv", "Conv_RefConv", "Conv_RefConv", "C3k2", "Conv_RefConv"]
    assert found[1][3] == [128, 3, 2]
    assert found[2][3] == [128, 3, 1]


@pytest.mark.parametrize("model", ["yolo26", "yolo11", "yolov8", "yolov5", "yolov10"])
def test_the_comments_count_with_the_layers(model, rendered):
    text = rendered(model, "n", "DSConv", placement="+2,+4")
    noted = {
        int(line.rpartition("# ")[2].split("-P")[0]) for line in text.splitlines() if "-P" in line and "[-1" in line
    }
    assert noted == {0, 1, 4, 7, 9}
    assert "# 3\n" in text
    assert "# 6\n" in text
    assert "# module DSConv, placement after-2-4, inserted layers: 3, 6\n" in text


def test_m_l_and_x_write_c3k_out_behind_new_layers_too(rendered):
    base, found = rows(rendered("yolo11", "m")), rows(rendered("yolo11", "m", "DSConv", placement="+0,+13"))
    assert without(found, [1, 15]) == base


@pytest.mark.parametrize(
    ("asked", "found", "rule"),
    [
        ("+12", "Concat", "does not set its number of channels"),
        ("+11", "nn.Upsample", "does not set its number of channels"),
        ("+23", "Detect", "the detection head is the model's output"),
    ],
)
def test_a_layer_that_none_can_stand_behind_is_refused(asked, found, rule):
    with pytest.raises(UsageError) as caught:
        choose(MODELS["yolo11"], MODULES["SPConv"], "paper", asked)
    assert rule in caught.value.what
    assert f"is {found}" in caught.value.details[0]
    assert caught.value.hint.endswith("that fit: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 17, 19, 20, 22")


def test_a_new_layer_named_twice_is_refused():
    with pytest.raises(UsageError) as caught:
        choose(MODELS["yolo11"], MODULES["SPConv"], "paper", "+4,4,+4")
    assert "layer 4 more than once" in caught.value.what
    assert '"4,+4"' in caught.value.hint


def test_block_does_not_insert():
    with pytest.raises(UsageError) as caught:
        choose(MODELS["yolo11"], MODULES["SPConv"], "paper", "4,+4", block=True)
    assert "adds a convolution after layer 4" in caught.value.what
