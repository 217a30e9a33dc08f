"""Mistakes of pasted classes, one for each entry that names its error: the class, its row, and what upstream says."""

from __future__ import annotations

from dataclasses import dataclass

# what a post says to write into parse_model for a convolution
CONV_BRANCH = """\
c1, c2 = ch[f], args[0]
if c2 != nc:
    c2 = make_divisible(min(c2, max_channels) * width, 8)
args = [c1, c2, *args[1:]]
"""
_CONV_ROW = "[-1, 1, X, [256, 3, 2]]"


@dataclass(frozen=True)
class Mistake:
    """One mistake in YOLO11n.

    Attributes:
        anchor: the entry.
        error: what upstream raises or prints, which the entry has, too; "" where it says nothing.
        code: the class, named X; "" for a class of the release, or none.
        row: the row of the YAML that has it.
        layer: the number of that row.
        branch: the body of its branch in parse_model; "" for none.
        act: what is done with the model until upstream says so; see `test_provoked.py`.
        checks: those that the entry names for it.
        is_long: whether the checks take many seconds.
    """

    anchor: str
    error: str
    code: str = ""
    row: str = _CONV_ROW
    layer: int = 3
    branch: str = CONV_BRANCH
    act: str = "build"
    checks: tuple[str, ...] = ("build",)
    is_long: bool = False


def _layer(forward: str, init: str = "", base: str = "nn.Module", arguments: str = "c1, c2, k=3, s=1") -> str:
    """Write a class X with a convolution; `forward` and `init` are lines."""
    start = "super().__init__()\nself.conv = Conv(c1, c2, k, s)"
    if base == "Conv":
        start = "super().__init__(c1, c2, k, s)"
    lines = [f"class X({base}):", f"    def __init__(self, {arguments}):"]
    lines += [f"        {line}" for line in f"{start}\n{init}".splitlines() if line]
    lines += ["    def forward(self, x):", *(f"        {line}" for line in forward.splitlines())]
    return "\n".join(lines) + "\n"


_PLAIN = _layer("return self.conv(x)")
_SIDE = "self.side = nn.Conv2d(c1, c2, 1, s, bias=False)"
_WITH_SIDE = "return self.act(self.bn(self.conv(x) + self.side(x)))"

MISTAKES = (
    Mistake("key-error", "KeyError: 'C3k2_DSConv'", row="[-1, 1, C3k2_DSConv, [256, False]]"),
    Mistake(
        "positional-arguments",
        "takes from 3 to 5 positional arguments but 7 were given",
        _PLAIN,
        row="[-1, 1, X, [256, 3, 2, 1, 1]]",
    ),
    Mistake(
        "missing-argument",
        "missing 1 required positional argument: 'c2'",
        _PLAIN,
        row="[-1, 1, X, [256]]",
        branch="",
    ),
    Mistake(
        "expected-channels",
        "Given groups=1, weight of size",
        _layer("return self.conv(x)", "self.conv = Conv(c1, c1, 1)", arguments="c1, ratio=16, c2=8, k=1, s=1"),
        row="[-1, 1, X, [256]]",
        layer=2,
        branch="",
    ),
    Mistake(
        "sizes-must-match",
        "Sizes of tensors must match except in dimension 1. "
        "Expected size 64 but got size 32 for tensor number 1 in the list.",
        _PLAIN,
        row="[-1, 1, X, [256, 3, 1]]",
        layer=5,
    ),
    Mistake("list-index", "IndexError: list index out of range", _PLAIN, row="[40, 1, X, [256, 3, 2]]"),
    Mistake(
        "got-a-list",
        "conv2d() received an invalid combination of arguments - got (list, ",
        _PLAIN,
        row="[[-1, 2], 1, X, [256, 3, 2]]",
        branch=CONV_BRANCH.replace("ch[f]", "ch[f[0]]"),
    ),
    Mistake(
        "one-value",
        "Expected more than 1 value per channel when training, got input size torch.Size([1, 64, 1, 1])",
        _layer(
            "x = self.conv(x)\nreturn x * self.gate(x)",
            "self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), Conv(c2, c2))",
        ),
    ),
    Mistake(
        "cannot-assign",
        "TypeError: cannot assign 'str' as child module 'type'",
        _layer("return self.type(self.conv(x))", "self.type = nn.SiLU()"),
        checks=("attributes",),
    ),
    Mistake("same-parameters", "", "class X(Conv):\n    pass\n", checks=("inert",)),
    Mistake(
        "map-zero",
        "",
        _layer("return self.conv(x) * self.scale", 'self.register_buffer("scale", torch.zeros(1))'),
        checks=("input-dependence",),
    ),
    Mistake("nan-loss", "", _layer("y = self.conv(x)\nreturn y + (y - y).rsqrt()"), checks=("forward",)),
    Mistake(
        "half-float",
        "mat1 and mat2 must have the same dtype, but got Float and Half",
        _layer(
            "y = self.conv(x)\nreturn y * self.mix(y.mean((2, 3)).float())[..., None, None]",
            "self.mix = nn.Linear(c2, c2)",
        ),
        act="half",
        checks=("precision",),
        is_long=True,
    ),
    Mistake(
        "inplace",
        "one of the variables needed for gradient computation has been modified by an inplace operation",
        _layer("y = torch.sigmoid(self.conv(x))\ny += 1\nreturn y"),
        act="train",
        checks=("gradient-flow",),
        is_long=True,
    ),
    Mistake(
        "deterministic",
        "does not have a deterministic implementation, but you set",
        _layer("y, at = F.max_pool2d(self.conv(x), 2, 2, return_indices=True)\nreturn F.max_unpool2d(y, at, 2, 2)"),
        act="train",
        checks=("determinism",),
        is_long=True,
    ),
    Mistake(
        "no-attribute-bn",
        "object has no attribute 'bn'",
        _layer(_WITH_SIDE, _SIDE, "Conv") + f"    def forward_fuse(self, x):\n        {_WITH_SIDE}\n",
        act="fuse",
        checks=("fuse",),
    ),
    Mistake("fuse-differs", "", _layer(_WITH_SIDE, _SIDE, "Conv"), checks=("fuse",)),
    Mistake(
        "deepcopy",
        "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol",
        _layer("self.last = self.conv(x)\nreturn self.last"),
        act="ema",
        checks=("checkpoint",),
        is_long=True,
    ),
    Mistake(
        "gflops-missing",
        "layers, 2,624,080 parameters, 2,624,064 gradients\n",
        _layer("self.last = self.conv(x)\nreturn self.last"),
        act="info",
        checks=("flops",),
        is_long=True,
    ),
    Mistake(
        "onnx",
        "Exporting the operator 'aten::fft_fft2' to ONNX opset version 17 is not supported",
        _layer("return torch.fft.ifft2(torch.fft.fft2(self.conv(x))).real"),
        act="export",
        checks=("onnx",),
        is_long=True,
    ),
)
