"""What one layer hands to the next: other channels than were counted, other axes than a map's, one value alone."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import FAIL, PASS, WARN

from .conftest import PIN

BLOCK = """
class {name}(nn.Module):
    def __init__(self, c1, c2, *args):
        super().__init__()
        self.conv = Conv(c1, c2)
        self.gate = nn.Conv2d(c2, 1, 1)
        {norm}

    def forward(self, x):
        x = self.conv(x)
        {body}
"""
GIVES = {
    "Pooled": "return x.mean((2, 3))",
    "Tokens": "return x.flatten(2).transpose(1, 2)",
    "Volume": "return x.unsqueeze(2)",
    "SoftmaxOfGate": "return x * self.gate(x).softmax(1)",
    "NormOfGate": "return x + self.norm(self.gate(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)",
    "UnitOfGate": "return x * nn.functional.normalize(self.gate(x), dim=1)",
    "SoftmaxOfPlaces": "return x + self.gate(x).flatten(2).softmax(2).view(x.shape[0], 1, *x.shape[2:])",
}
OTHERS = {
    "Volumes": """
class Volumes(nn.Module):
    def __init__(self, c1, c2, *args):
        super().__init__()
        self.conv = nn.Conv3d(c1, c2, 3, padding=1)

    def forward(self, x):
        return self.conv(x)
""",
    "Transposed": """
class Transposed(nn.Module):
    def __init__(self, c1, c2, *args):
        super().__init__()
        from ultralytics.nn.modules.conv import ConvTranspose
        self.up = ConvTranspose(c1, c2, 2, 2, 0, bn=False)

    def forward(self, x):
        return self.up(x)
""",
    "Wide": """
class Wide(nn.Module):
    def __init__(self, c1):
        super().__init__()
        self.conv = Conv(c1, 2 * c1)

    def forward(self, x):
        return self.conv(x)
""",
    "Thin": """
class Thin(nn.Module):
    def __init__(self, c1):
        super().__init__()
        self.conv = Conv(c1, c1 // 2)

    def forward(self, x):
        return self.conv(x)
""",
}
OTHERS["OwnNames"] = """
class OwnNames(nn.Module):
    def __init__(self, classes, ch=()):
        super().__init__()
        self.classes, self.strides = classes, torch.tensor((8.0, 16.0, 32.0))
        self.heads = nn.ModuleList(nn.Conv2d(c, classes + 64, 1) for c in ch)

    def forward(self, x):
        return [head(one) for head, one in zip(self.heads, x)]
"""
# what parse_model does for a class without a branch, and a branch that counts the input's channels for the output
BRANCHES = {
    "Wide": "c2 = ch[f]",
    "Thin": "args = [ch[f]]\nc2 = ch[f]",
    "OwnNames": "args = [args[0], [ch[x] for x in f]]",
}

pytestmark = pytest.mark.more

PSA = "[-1, 2, C2PSA, [1024]]"
JOIN = "  - [[-1, 13], 1, Concat, [1]]"
UP = '  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]\n  - [[-1, 6]'


@pytest.fixture
def workspace(broken_workspace):
    norms = {name: "self.norm = nn.LayerNorm(1)" if "self.norm" in body else "" for name, body in GIVES.items()}
    sources = {name: BLOCK.format(name=name, norm=norms[name], body=body) for name, body in GIVES.items()}
    return broken_workspace(sources | OTHERS, branches=BRANCHES)


@pytest.fixture
def found(workspace, findings, base_cfg):
    """Give what a check finds in YOLO11 with a piece of its text replaced."""

    def run(old: str, new: str, check: str):
        file = base_cfg("yolo11", "n")
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        ((one,),) = findings(workspace, PIN, [(file, "n", (check,))])
        return one

    return run


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("Pooled", "layer 10 (Pooled) makes of its maps a tensor of 2 axes, [1, 256]", "keepdim=True"),
        ("Tokens", "layer 10 (Tokens) makes of its maps a tensor of 3 axes, [1, 16, 256]", "reshape(B, C, H, W)"),
        ("Volume", "layer 10 (Volume) makes of its maps a tensor of 5 axes, [1, 256, 1, 4, 4]", "squeeze(2)"),
        ("Volumes", "Conv3d takes a tensor of 5 axes, and gets one of 4", "use Conv2d"),
    ],
)
def test_a_layer_that_gives_no_map_is_named_and_not_the_one_that_gets_it(name, what, remedy, found):
    build = found(PSA, f"[-1, 1, {name}, [1024]]", "build")
    assert build.status == FAIL
    assert what in build.summary
    assert remedy in build.hint


@pytest.mark.parametrize(
    ("row", "what", "remedy"),
    [
        ("[-1, 1, Wide, [64]]", "counts 64 channels for layer 18 (Wide), which gives 128", "sets c2"),
        ("[-1, 1, Thin, []]", "counts 64 channels for layer 18 (Thin), which gives 32", "let the branch of Thin"),
    ],
)
def test_channels_counted_wrong_before_a_join_are_put_down_to_their_class(row, what, remedy, found):
    build = found(JOIN, f"  - {row}\n{JOIN}", "build")
    assert build.status == FAIL
    assert "layer 20 (C3k2)" in build.summary
    assert what in build.hint
    assert remedy in build.hint


def test_a_module_of_torch_without_a_branch_is_named(found):
    build = found(UP, UP.replace('nn.Upsample, [None, 2, "nearest"]', "nn.PixelShuffle, [2]"), "build")
    assert "(nn.PixelShuffle), which gives 64, as it has no branch for nn.PixelShuffle" in build.hint
    assert "ch[f]" not in build.hint  # it takes no channels


def test_a_map_of_another_size_before_a_join_is_told_by_its_size(found):
    build = found("  - [-1, 1, Conv, [256, 3, 2]]\n" + JOIN, "  - [-1, 1, Wide, [64]]\n" + JOIN, "build")
    assert "layer 17 (Wide) is the first whose map has another size" in build.hint


@pytest.mark.parametrize("check", ["inert", "gradient-flow"])
def test_a_softmax_over_one_value_is_named_with_its_line(check, found):
    told = found(PSA, "[-1, 1, SoftmaxOfGate, [1024]]", check)
    assert told.status == FAIL
    assert "takes softmax over axis 1 of [2, 1, 4, 4], where there is one value" in told.hint
    assert "block.py:" in told.hint


@pytest.mark.parametrize(("name", "what"), [("NormOfGate", "layer_norm of"), ("UnitOfGate", "normalize over axis 1")])
def test_a_norm_over_one_value_is_warned_about_where_its_rounding_looks_alive(name, what, found):
    told = found(PSA, f"[-1, 1, {name}, [1024]]", "inert")
    assert told.status == WARN
    assert what in told.summary


def test_a_softmax_over_several_values_is_none(found):
    assert found(PSA, "[-1, 1, SoftmaxOfPlaces, [1024]]", "inert").status == PASS


@pytest.mark.parametrize("check", ["fuse", "onnx"])
def test_a_fold_that_upstream_itself_cannot_do_is_put_down_to_upstream(check, found):
    told = found(UP, "  - [-1, 1, Transposed, [1024]]\n  - [[-1, 6]", check)
    assert told.status == FAIL
    assert "model.11.up (ConvTranspose) has no BatchNorm (bn=False)" in told.summary
    assert "upstream is to blame" in told.summary


def test_a_head_whose_row_names_its_layer_as_a_number_is_told_to_write_a_list(found):
    told = found("[[16, 19, 22], 1, Detect", "[22, 1, Detect", "build")
    assert "write it in brackets: [[22], 1, Detect" in told.hint


@pytest.mark.parametrize("check", ["gradient-flow", "learns"])
def test_a_head_without_what_the_loss_reads_of_it_is_told_all_of_it(check, found):
    told = found("1, Detect, [nc]", "1, OwnNames, [nc]", check)
    assert told.status == FAIL
    assert "reads stride, nc, reg_max of layer 23 (OwnNames), which has none" in told.summary
    assert "set self.stride, self.nc, self.reg_max in the constructor of OwnNames" in told.hint
