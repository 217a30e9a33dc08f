"""Models of another topology than their base, which are right: no check blames them."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.wire.statuses import FAIL, PASS, SKIP, WARN

from .conftest import PIN

JOIN = """
class WeightedJoin(nn.Module):
    def __init__(self, count=2):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(count))

    def forward(self, maps):
        weights = self.weights.relu()
        return sum(w * x for w, x in zip(weights / (weights.sum() + 1e-4), maps))
"""
JOIN_BRANCH = """
c2 = ch[f[0]]
args = [len(f)]
"""
STEM = """
class PatchStem(nn.Module):
    def __init__(self, c1, c2, k=3, s=2):
        super().__init__()
        self.cv = Conv(c1 * 4, c2, 3)

    def forward(self, x):
        return self.cv(nn.functional.pixel_unshuffle(x, 2))
"""
# the neck of YOLO11 up to P3, which every file below has
UP = """\
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 6], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]] # 13
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 4], 1, Concat, [1]]
  - [-1, 2, C3k2, [256, False]] # 16
"""
TO_P2 = """\
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 2], 1, Concat, [1]]
  - [-1, 2, C3k2, [128, False]] # 19
  - [-1, 1, Conv, [128, 3, 2]]
  - [[-1, 16], 1, Concat, [1]]
  - [-1, 2, C3k2, [256, False]] # 22
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, 13], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]] # 25
"""
TO_P5 = """\
  - [-1, 1, Conv, [512, 3, 2]]
  - [[-1, 10], 1, Concat, [1]]
  - [-1, 2, C3k2, [1024, True]] # 28
"""
DOWN = """\
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, 13], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]] # 19
"""
HEADS = {
    "p2": UP + TO_P2 + TO_P5 + "  - [[19, 22, 25, 28], 1, Detect, [nc]]\n",
    "p2-to-p4": UP + TO_P2 + "  - [[19, 22, 25], 1, Detect, [nc]]\n",
    "two-maps": UP + DOWN + "  - [[16, 19], 1, Detect, [nc]]\n",
}
CHECKS = ("build", "scale", "only-intended", "head")


@pytest.fixture
def yolo11(pristine_tree, tmp_path):
    """Give upstream's yolo11.yaml as yolo11n-NAME.yaml, with another head, or with pieces of it replaced."""

    def write(name: str, neck: str = "", **pieces: tuple[str, str]) -> Path:
        text = (pristine_tree(PIN) / "ultralytics/cfg/models/11/yolo11.yaml").read_text()
        if neck:
            text = text.partition("head:")[0] + "head:\n" + neck
        for old, new in pieces.values():
            assert old in text
            text = text.replace(old, new, 1)
        file = tmp_path / f"yolo11n-{name}.yaml"
        file.write_text(text)
        return file

    return write


def wrong(found) -> dict[str, str]:
    return {one.id: one.summary for one in found if one.status in (FAIL, WARN)}


@pytest.mark.more
def test_a_head_of_other_maps_is_not_comparable_and_not_wrong(yolo11, full_workspace, findings):
    asked = [(yolo11(name, head), "n", CHECKS) for name, head in HEADS.items()]
    for found in findings(full_workspace(PIN), PIN, asked):
        assert wrong(found) == {}
        assert "not comparable" in next(one.summary for one in found if one.id == "only-intended")


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["n", "s"])
def test_a_head_of_other_maps_passes_what_trains_it(scale, yolo11, full_workspace, findings):
    checks = ("forward", "gradient-flow", "trainer-setup", "learns", "fuse")
    asked = [(yolo11(name, head), scale, checks) for name, head in HEADS.items()]
    assert [wrong(found) for found in findings(full_workspace(PIN), PIN, asked)] == [{}] * len(asked)


@pytest.mark.more
def test_a_join_that_sums_is_the_cause_of_the_width_behind_it(yolo11, broken_workspace, findings):
    down, join = "[-1, 1, Conv, [{}, 3, 2]]\n  - ", "[[-1, 13], 1, {}]"
    old, new = down.format(256) + join.format("Concat, [1]"), down.format(512) + join.format("WeightedJoin, []")
    cfg = yolo11("join", join=(old, new))
    workspace = broken_workspace({"WeightedJoin": JOIN}, branches={"WeightedJoin": JOIN_BRANCH})
    ((found, forward),) = findings(workspace, PIN, [(cfg, "n", ("only-intended", "forward"))])
    assert (found.status, forward.status) == (PASS, PASS)
    assert "layer 19 (C3k2) reads 128 channels from layer 18 (WeightedJoin), the base's 192" in found.summary


@pytest.mark.slow
def test_a_further_input_of_a_join_is_a_change_and_no_mistake(yolo11, full_workspace, findings):
    cfg = yolo11("skip", join=("[[-1, 13], 1, Concat, [1]]", "[[-1, 13, 6], 1, Concat, [1]]"))
    ((found,),) = findings(full_workspace(PIN), PIN, [(cfg, "n", ("only-intended",))])
    assert found.status == PASS
    assert "written to read other layers" in found.summary


@pytest.mark.slow
def test_a_replaced_stem_is_compared_like_any_other_layer(yolo11, broken_workspace, findings):
    cfg = yolo11("stem", stem=("[-1, 1, Conv, [64, 3, 2]]", "[-1, 1, PatchStem, [64, 3, 2]]"))
    ((*found,),) = findings(broken_workspace({"PatchStem": STEM}), PIN, [(cfg, "n", (*CHECKS, "forward"))])
    assert wrong(found) == {}


@pytest.mark.more
def test_a_row_that_was_not_renumbered_is_wrong_in_any_topology(yolo11, full_workspace, findings):
    inserted = HEADS["p2"].replace("  - [[-1, 6], 1", "  - [-1, 1, Conv, [1024, 1, 1]] # 12, new\n  - [[-1, 6], 1", 1)
    ((found,),) = findings(full_workspace(PIN), PIN, [(yolo11("p2-inserted", inserted), "n", ("only-intended",))])
    assert found.status == FAIL
    assert "from indices" in found.hint


@pytest.mark.more
@pytest.mark.parametrize(
    ("name", "scale", "said"),
    [
        ("yolo11mamba", "m", "takes the m of yolo11m in the name yolo11mamba.yaml"),
        ("mine", "s", "has no scale's letter: upstream builds scale n"),
    ],
)
def test_the_scale_that_the_name_says_is_told_from_its_letters(name, scale, said, yolo11, full_workspace, findings):
    cfg = yolo11("plain")
    cfg = cfg.rename(cfg.with_name(f"{name}.yaml"))
    ((found,),) = findings(full_workspace(PIN), PIN, [(cfg, scale, ("scale",))])
    assert found.status == WARN
    assert said in found.summary


@pytest.mark.more
def test_a_layer_that_no_row_reads_is_named(yolo11, full_workspace, findings):
    head = "[[16, 19, 22], 1, Detect, [nc]]"
    pieces = {"pool": "[16, 1, nn.AvgPool2d, [3, 1, 1]]", "conv": "[16, 1, Conv, [256, 3, 1]]"}
    cfgs = {name: yolo11(name, head=(head, f"{row}\n  - {head}")) for name, row in pieces.items()}
    asked = [(cfgs["pool"], "n", ("input-dependence",)), (cfgs["conv"], "n", ("input-dependence", "gradient-flow"))]
    (pool,), (conv, gradients) = findings(full_workspace(PIN), PIN, asked)
    assert [one.status for one in (pool, conv, gradients)] == [FAIL] * 3
    assert pool.summary.startswith("no row of the file reads layer 23 (AvgPool2d)")
    assert conv.summary.startswith("no row of the file reads layer 23 (Conv)")
    assert "no row leads from it to the last row" in gradients.hint


@pytest.mark.more
def test_images_of_other_channels_are_a_difference_and_no_fault(yolo11, full_workspace, findings):
    cfg = yolo11("ch4", channels=("nc: 80", "ch: 4\nnc: 80"))
    checks = ("only-intended", "scale", "forward", "gradient-flow", "torchscript")
    (found,) = findings(full_workspace(PIN), PIN, [(cfg, "n", checks)])
    assert [one.status for one in found] == [WARN, PASS, PASS, PASS, SKIP]
    assert "other values than the base for ch" in found[0].summary
    assert "images of 3 channels, and the file's have 4" in found[-1].summary
