"""Mistakes in a YAML, in the parser or in the workspace, each caught."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL, PASS, SKIP, WARN

PIN = "ultralytics-8.3.0"
BLOCKS = (2, 4, 6, 8, 13, 16, 19, 22)  # of YOLO11 and YOLO26
OWN_BLOCK = """
    class OwnBlock(C3k2):
        pass
"""
ONLY_TRAINS = """
    class OnlyTrains(nn.Module):
        def forward(self, x):
            return x if self.training else None
"""
CALLS_OPERATOR = """
    class CallsOperator(nn.Module):
        def forward(self, x):
            return torch.ops.nowhere.pool(x)
"""
# what people write: the branch of C2f, which knows neither C3k nor the head's form
C2F_BRANCH = """
    c1, c2 = ch[f], make_divisible(min(args[0], max_channels) * width, 8)
    args = [c1, c2, n, *args[1:]]
    n = 1
"""


def found_by(check: str, workspace: Path, cfg: Path, scale: str = "n"):
    (found,) = verify(workspace, cfg, scale, checks=(check,)).checks
    return found


@pytest.fixture
def edited_cfg(base_cfg):
    """Give a base model's YAML with a piece of its text replaced."""

    def write(model: str, scale: str, old: str, new: str) -> Path:
        file = base_cfg(model, scale)
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        return file

    return write


@pytest.mark.more
@pytest.mark.parametrize(
    ("row", "first", "said"),
    [
        ("Nowhere, []", "build", "the model does not build (see build)"),
        ("OnlyTrains, []", "forward", "the model does not run (see forward)"),
    ],
)
def test_a_check_that_cannot_run_brings_the_one_that_says_why(edited_cfg, broken_workspace, row, first, said):
    workspace = broken_workspace({"OnlyTrains": ONLY_TRAINS}, branches={"OnlyTrains": "c2 = ch[f]"})
    cfg = edited_cfg("yolo11", "n", "SPPF, [1024, 5]", row)
    for checks in (("fuse",), ("fuse", "memory")):
        found = verify(workspace, cfg, "n", checks=checks)
        assert [(one.id, one.status) for one in found.checks] == [(first, FAIL), *((one, SKIP) for one in checks)]
        assert {one.summary for one in found.checks[1:]} == {said}
        assert found.verdict == FAIL


@pytest.mark.more
def test_an_operator_of_a_package_that_nobody_imports_is_named(edited_cfg, broken_workspace):
    workspace = broken_workspace({"CallsOperator": CALLS_OPERATOR}, branches={"CallsOperator": "c2 = ch[f]"})
    found = found_by("build", workspace, edited_cfg("yolo11", "n", "SPPF, [1024, 5]", "CallsOperator, []"))
    assert found.status == FAIL
    assert "calls torch.ops.nowhere.pool, which torch has only once nowhere is imported" in found.summary
    assert found.hint == "write `import nowhere` at the top of the file that calls it"


@pytest.mark.more
@pytest.mark.parametrize(
    ("old", "new", "check", "word"),
    [
        # layers 5 and 6 have the same shape: the model builds and runs
        ("[[-1, 6], 1, Concat, [1]]", "[[-1, 5], 1, Concat, [1]]", "only-intended", "layer 12"),
        pytest.param("[256, 3, 2]", "[320, 3, 2]", "scale", "", marks=pytest.mark.slow),
        pytest.param("0.25, 1024]", "0.375, 1024]", "scale", "0.375", marks=pytest.mark.slow),
        ("SPPF, [1024, 5]", "SPFP, [1024, 5]", "build", "SPFP"),
        pytest.param("SPPF, [1024, 5]", "SPPF, [1024, 5, 1, 2, 3, 4]", "build", "layer 9", marks=pytest.mark.slow),
        pytest.param("[128, 3, 2]", "[128, 3, 4]", "only-intended", "output", marks=pytest.mark.slow),
        ("[-1, 1, Conv, [256, 3, 2]]", "[-1, 4, Conv, [256, 3, 2]]", "forward", "2 times in a row"),
        ("[-1, 1, Conv, [64, 3, 2]]", "[-1, 1 Conv, [64, 3, 2]]", "build", "the row of layer 0"),
    ],
    ids=[
        "wrong-from",
        "other-channels",
        "edited-scales-table",
        "unknown-class",
        "surplus-arguments",
        "wrong-stride",
        "repeated-stride",
        "no-comma",
    ],
)
def test_a_mistake_in_the_file_is_caught(old, new, check, word, edited_cfg, full_workspace):
    found = found_by(check, full_workspace(PIN), edited_cfg("yolo11", "n", old, new))
    if check == "scale" and not word:  # the user's own width is no mistake, and is measured against itself
        assert found.status == "pass"
        return
    assert found.status == FAIL
    assert word in f"{found.summary} {found.hint} {found.evidence}"


@pytest.mark.more
@pytest.mark.parametrize(
    ("old", "new", "check", "status", "word"),
    [
        ("nc: 80", "nc: '80'", "build", FAIL, "says nc: '80'"),
        ("nc: 80", "nc: 0", "build", FAIL, "says nc: 0"),
        ("nc: 80", "number: 80", "build", FAIL, "has no nc"),
        ("nc: 80", "nc: 1", "build", PASS, ""),
        ("nc: 80", "nc: 80\nactivation: nn.ReLU", "build", FAIL, "a class, and not a module"),
        ("nc: 80", "nc: 80\nactivation: ReLU", "build", FAIL, "says activation: ReLU"),
        ("nc: 80", "nc: 80\nactivation: nn.PReLU()", "base-parity", PASS, ""),
        ("nc: 80", "nc: 80\nact: nn.ReLU()", "build", WARN, "write it as activation: nn.ReLU()"),
        ("nc: 80", "nc: 80\nactivations: nn.ReLU()", "build", WARN, "write it as activation: nn.ReLU()"),
        ("nc: 80", "nc: 80\nreg_max: 1", "build", WARN, "says reg_max: 1, which this release does not read"),
        ("nc: 80", "nc: 80\nversion: 2\nnames: {0: cat}", "build", PASS, ""),
        ("nc: 80", "nc: 80\nactivation: nn.ReLU()\nwidth_multiple: 1.0", "build", PASS, ""),
        ("[-1, 1, Conv, [512, 3, 2]]", "[-1, 4, Conv, [512, 3, 2]]", "build", FAIL, "builds Conv 2 times in a row"),
        ("backbone:", "backbone:\n  - [-1, 1, Conv, [64, 3, 2]]\nbackbone:", "build", WARN, "`backbone:` 2 times"),
        ("head:", "backbone:", "build", FAIL, "`backbone:` 2 times"),
        ("[-1, 1, Conv, [256, 3, 2]]", "['-1', 1, Conv, [256, 3, 2]]", "build", FAIL, "the row of layer 3, ['-1', 1, "),
        ("[-1, 1, Conv, [256, 3, 2]]", "[-1, '1', Conv, [256, 3, 2]]", "build", FAIL, "a number of repeats"),
        ("[-1, 1, Conv, [256, 3, 2]]", "[-1, 1, [Conv], [256, 3, 2]]", "build", FAIL, "the row of layer 3"),
        ("[256, 3, 2]", "[256, 3 2]", "build", FAIL, "write a comma between its values: 3, 2"),
        ("[256, 3, 2]", "[256, 3, 2.0]", "build", FAIL, "Conv gets 2.0 as its stride: write a whole number, 2"),
        ("Concat, [1]", "Concat, [2]", "build", FAIL, "write Concat, [1]"),
        ("SPPF, [1024, 5]", "CBAM, [1024, 7]", "build", FAIL, "import it there, and let a branch of parse_model"),
        (
            "nc: 80",
            "nc: 80\nchannels: 6",
            "build",
            WARN,
            "says channels: 6, and this release makes the model for images",
        ),
        ("nc: 80", "nc: 80\nchannels: 6", "build", WARN, "write it as ch: 6, which this release reads"),
        ("nc: 80", "nc: 80\nch: 6", "build", PASS, ""),
        ("nc: 80", "nc: 80\nch: 6", "trainer-setup", WARN, "takes images of 6 channels, and upstream's loader makes 3"),
        ("nc: 80", "nc: 80\nch: 3", "trainer-setup", PASS, ""),
        ("[16, 19, 22], 1, Detect", "[16, 16, 22], 1, Detect", "head", WARN, "reads layer 16 (C3k2) twice"),
        ("[16, 19, 22], 1, Detect", "[22, 19, 16], 1, Detect", "head", PASS, "32, 16, 8"),
        ("[16, 19, 22], 1, Detect", "[22, 19, 16], 1, Detect", "only-intended", FAIL, "let layer 23 read [16, 19, 22]"),
    ],
)
def test_what_upstream_cannot_use_is_told_with_its_remedy(old, new, check, status, word, edited_cfg, full_workspace):
    found = found_by(check, full_workspace(PIN), edited_cfg("yolo11", "n", old, new))
    assert found.status == status
    assert word in f"{found.summary} {found.hint}"


@pytest.mark.more
@pytest.mark.parametrize(("key", "check"), [("ch", "build"), ("ch", "forward"), ("channels", "build")])
def test_a_release_that_takes_the_channels_from_the_data_says_so(key, check, edited_cfg, full_workspace):
    file = edited_cfg("yolo26", "n", "nc: 80", f"nc: 80\n{key}: 6")
    found = found_by(check, full_workspace("ultralytics-8.4.0"), file)
    if check == "forward":  # on the images that the model really takes
        assert found.status == PASS
        return
    assert found.status == WARN
    assert f"says {key}: 6, and this release makes the model for images of 3 channels" in found.summary
    assert "write channels: 6 in the YAML of the data" in found.hint


ROW = "  - [30,61, 62,45, 59,119]"  # of YOLOv5's anchors, for its second map
READS = "[17, 20, 23], 1, Detect"
# what is written in place of what, the check that looks at it, its status, and what it says
FITS = [
    (ROW, "  # none", "build", FAIL, "has 2 rows of anchors, and layer 24 (Detect) reads 3 maps, those of layers 17,"),
    (ROW, f"{ROW}\n{ROW}", "build", FAIL, "has 4 rows of anchors, and layer 24 (Detect) reads 3 maps"),
    (READS, "[17, 20], 1, Detect", "build", FAIL, "has 3 rows of anchors"),
    (ROW, "  - [30,61, 62,45]", "build", FAIL, "has 4 numbers in row 2 of its anchors"),
    (ROW, "  - [30,61, 62,45, 59]", "build", FAIL, "has 5 numbers in row 2 of its anchors"),
    ("anchors:\n", "anchors: auto\nold:\n", "build", FAIL, "says anchors: 'auto'"),
    ("anchors:\n", "anchor:\n", "build", FAIL, "has no anchors"),
    ("anchors:\n", "anchors: 3\nold:\n", "build", PASS, ""),
    (READS, "[23, 20, 17], 1, Detect", "head", WARN, "in the order of their strides 32, 16, 8"),
    (READS, "[23, 20, 17], 1, Detect", "forward", PASS, "outputs are finite, at"),
    (
        "nc: 80",
        "nc: 80\nactivation: nn.ReLU()",
        "build",
        WARN,
        "activation: nn.ReLU(), which this release does not read",
    ),
]


@pytest.mark.more
def test_anchors_and_maps_of_yolov5_fit_each_other(findings, base_cfg, full_workspace, tmp_path):
    pin, text = "yolov5-6.1", base_cfg("yolov5", "n").read_text()
    asked = []
    for number, (old, new, check, *_) in enumerate(FITS):
        assert old in text
        file = tmp_path / f"yolov5n-{number}.yaml"
        file.write_text(text.replace(old, new, 1))
        asked.append((file, "n", (check,)))
    for (one,), (*_, status, word) in zip(findings(full_workspace(pin), pin, asked), FITS, strict=True):
        assert one.status == status, one.summary
        assert word in one.summary


@pytest.mark.more
def test_a_branch_that_misses_the_rule_of_large_models_is_caught(broken_workspace, pristine_tree, tmp_path):
    upstreams = pristine_tree(PIN) / "ultralytics" / "cfg" / "models" / "11" / "yolo11.yaml"
    cfg = tmp_path / "yolo11-OwnBlock.yaml"  # with the whole scales table: c3k is not written out in it
    cfg.write_text(upstreams.read_text().replace("C3k2,", "OwnBlock,"))
    workspace = broken_workspace({"OwnBlock": OWN_BLOCK}, branches={"OwnBlock": C2F_BRANCH})
    found = found_by("scale", workspace, cfg, "m")
    assert found.status == FAIL
    assert "layer 2" in found.summary


@pytest.mark.more
def test_a_head_that_silently_falls_back_to_its_legacy_form_is_caught(broken_workspace, broken_cfg):
    pin = "ultralytics-8.4.0"
    workspace = broken_workspace({"OwnBlock": OWN_BLOCK}, branches={"OwnBlock": C2F_BRANCH}, pin=pin)
    found = found_by("only-intended", workspace, broken_cfg("OwnBlock", layers=BLOCKS, pin=pin))
    assert found.status == FAIL
    assert "head" in found.summary
    assert "legacy" in found.hint


@pytest.mark.more
def test_a_value_that_the_module_reads_as_something_else_is_pointed_out(full_workspace, module_cfg):
    """The third value of `Dynamic_conv2d, [512, 1, 1]` is its ratio, not the stride (tutorials.md, defect 3)."""
    path, _ = module_cfg("Dynamic_conv2d", "yolov5", "n", "tutorial")
    found = found_by("build", full_workspace("yolov5-pypi-6.1.0", "tutorial"), path)
    assert found.status == "warn"
    assert "ratio" in found.summary


@pytest.mark.more
def test_a_change_to_upstreams_own_code_is_caught(full_workspace, git_in, base_cfg, tmp_path):
    workspace = tmp_path / "changed"
    git_in(tmp_path, "clone", "-q", str(full_workspace(PIN)), str(workspace))
    file = workspace / "ultralytics" / "nn" / "modules" / "conv.py"
    file.write_text(re.sub(r"default_act = nn\.SiLU\(\)", "default_act = nn.ReLU()", file.read_text(), count=1))
    git_in(workspace, "commit", "-q", "-a", "-m", "Try another activation")
    found = found_by("base-parity", workspace, base_cfg("yolo11", "n"))
    assert found.status == FAIL
    assert "output" in found.summary
    assert "made with what you changed in ultralytics/nn/modules/conv.py (Conv): undo it" in found.hint


@pytest.mark.more
def test_a_release_that_builds_another_model_than_the_published_one_is_pointed_out(pristine_tree, full_workspace):
    """YOLOv8 built by ultralytics 8.3.0 is not YOLOv8 (tutorials.md, defect 6)."""
    cfg = pristine_tree(PIN) / "ultralytics" / "cfg" / "models" / "v8" / "yolov8.yaml"
    found = found_by("base-parity", full_workspace(PIN), cfg)
    assert found.status == "warn"
    assert "2,724,448" in found.summary
    assert "3,157,200" in found.summary
