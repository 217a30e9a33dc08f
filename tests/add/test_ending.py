"""What a pasted convolution ends in, which says whether BatchNorm and activation go behind it."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.deciding import decide
from yolopatch.core.paste.ending import end_of
from yolopatch.core.paste.reading import read_paste
from yolopatch.errors import UsageError

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"


def pasted(forward: str, *made: str, before: str = "", bases: str = "nn.Module"):
    """Give a file whose class X has this constructor's body and this forward's."""
    body = [f"class X({bases}):", "    def __init__(self, c1, c2, k=1, s=1):", "        super().__init__()"]
    body += [f"        {line}" for line in made]
    body += ["", "    def forward(self, x):", *(f"        {line}" for line in forward.splitlines())]
    return read_paste((HEAD + before + "\n".join(body) + "\n").encode(), "pasted.py")


STATIC = """class Soft(nn.Module):
    @staticmethod
    def forward(x):
        return x * F.softplus(x).tanh()


"""
DOUBLE = """
    @staticmethod
    def double(x):
        return x + x
"""


def like(paste) -> str:
    """Give what the class is decided to be."""
    return decide(paste, "X").like


CONV = "self.conv = nn.Conv2d(c1, c2, k, s, k // 2)"
BN = "self.bn = nn.BatchNorm2d(c2)"
CHAIN = "self.chain = nn.Sequential(nn.Conv2d(c1, c2, k, s, k // 2), nn.BatchNorm2d(c2), nn.ReLU())"

NORMED = {
    "a chain": ("return self.chain(x)", CHAIN),
    "an activation behind it": ("return self.act(self.chain(x))", CHAIN, "self.act = nn.SiLU()"),
    "one name for all": ("x = self.conv(x)\nx = self.bn(x)\nreturn x", CONV, BN),
    "an activation by condition": (
        "x = self.bn(self.conv(x))\nx = self.act(x)\nreturn x",
        CONV,
        BN,
        "self.act = Conv.default_act if k is True else k if isinstance(k, nn.Module) else nn.Identity()",
    ),
    "a norm by condition": ("x = self.conv(x)\nif self.bn is not None:\n    x = self.bn(x)\nreturn x", CONV, BN),
    "joined with another convolution": (
        "return torch.cat((self.chain(x), self.conv(x)), 1)",
        CHAIN.replace("c2", "c2 // 2"),
        CONV.replace("c2", "c2 // 2"),
    ),
    "added to the input": (
        "return x + self.chain(x) if self.add else self.chain(x)",
        CHAIN,
        "self.add = s == 1 and c1 == c2",
    ),
    "gated behind it": ("y = self.chain(x)\nreturn y * torch.sigmoid(y.mean((2, 3), True))", CHAIN),
    "shuffled behind it": (
        "y = self.cv(x)\nb, n, h, w = y.size()\ny = y.reshape(b * n // 2, 2, h * w).permute(1, 0, 2)\n"
        "y = y.reshape(2, -1, n // 2, h, w)\nreturn torch.cat((y[0], y[1]), 1)",
        "self.cv = Conv(c1, c2, k, s)",
    ),
    "half of it": (
        "a, b = x.chunk(2, 1)\nreturn torch.cat((self.conv(a), self.chain(b)), 1)",
        CHAIN.replace("c1", "c1 // 2").replace("c2", "c2 // 2"),
        CONV.replace("c1", "c1 // 2").replace("c2", "c2 // 2"),
    ),
    "a loop": (
        "for layer in self.m:\n    x = layer(x)\nreturn x",
        "self.m = nn.ModuleList([Conv(c2 if i else c1, c2, k, 1 if i else s) for i in range(2)])",
    ),
    "a list of layers": (
        "return self.conv(x)",
        "layers = []",
        "if s > 1:",
        "    layers.append(nn.Conv2d(c1, c1, 1, s))",
        "layers.extend([nn.Conv2d(c1, c2, k, 1, k // 2), nn.BatchNorm2d(c2)])",
        "self.conv = nn.Sequential(*layers)",
    ),
    "an activation of the file with a static forward": (
        "return self.act(self.bn(self.conv(x)))",
        CONV,
        BN,
        "self.act = Soft()",
    ),
    "a static method behind it": ("return self.double(self.bn(self.conv(x)))", CONV, BN),
    "layers with names": (
        "return self.conv(x)",
        "self.conv = nn.Sequential()",
        'self.conv.add_module("conv", nn.Conv2d(c1, c2, k, s, k // 2))',
        'self.conv.add_module("bn", nn.BatchNorm2d(c2))',
    ),
}


@pytest.mark.parametrize("case", NORMED)
def test_what_normalises_its_output_stands_alone(case):
    forward, *made = NORMED[case]
    code = pasted(forward, *made, before=STATIC).text + DOUBLE
    assert like(read_paste(code.encode(), "pasted.py")) == "Conv"


BARE = {
    "a convolution": ("return self.conv(x)", CONV),
    "a norm before it": ("return self.conv(F.relu(self.bn(x)))", CONV, "self.bn = nn.BatchNorm2d(c1)"),
    "a norm in a gate": ("return self.conv(x) * torch.sigmoid(self.chain(x))", CONV, CHAIN),
    "weights from a norm": ("return F.conv2d(x, self.w * self.chain(x))", CHAIN),
    "a product of matrices": ("return torch.matmul(self.w, self.chain(x))", CHAIN),
    "no norm at all": ("return strange(self.conv(x))", CONV),
}


@pytest.mark.parametrize("case", BARE)
def test_behind_what_ends_in_no_norm_goes_one(case):
    forward, *made = BARE[case]
    assert like(pasted(forward, *made)) == "Conv2d"


def test_what_cannot_be_seen_is_open():
    with pytest.raises(UsageError, match=r"not clear whether X in pasted\.py normalises its output") as caught:
        like(pasted("return strange(self.chain(x))", CHAIN))
    assert "nn.BatchNorm2d in it" in caught.value.details[0]


@pytest.mark.parametrize("norm", ["norm=get_norm('BN', c2)", "norm=norm", "norm_cfg=dict(type='BN')"])
def test_a_convolution_of_a_package_that_gets_a_norm_is_open(norm):
    code = pasted("return F.relu(self.conv(x))", f"self.conv = Conv2d(c1, c2, k, s, {norm})", "norm = 'BN'")
    assert end_of(code, "X").how.name == "OPEN"


@pytest.mark.parametrize("norm", ["norm=None", "norm=''"])
def test_a_convolution_of_a_package_that_gets_none_is_bare(norm):
    assert end_of(pasted("return self.conv(x)", f"self.conv = Conv2d(c1, c2, k, s, {norm})"), "X").how.name == "BARE"


MAKER = """def conv_bn(c1, c2, k):
    made = nn.Sequential()
    made.add_module("conv", nn.Conv2d(c1, c2, k, 1, k // 2))
    made.add_module("bn", nn.BatchNorm2d(c2))
    return made


def shuffle(x, groups):
    b, c, h, w = x.size()
    return x.view(b, groups, c // groups, h, w).transpose(1, 2).reshape(b, c, h, w)


class Part(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.seq = conv_bn(c1, c2, 1)

    def forward(self, x):
        return self.seq(x)


"""


@pytest.mark.parametrize(
    ("forward", "made"),
    [
        (
            "return self.dense(x) + self.point(x)",
            ["self.dense = conv_bn(c1, c2, k)", "self.point = conv_bn(c1, c2, 1)"],
        ),
        ("return shuffle(self.part(x), 2)", ["self.part = Part(c1, c2)"]),
        ("return self.parts[0](x)", ["self.parts = nn.ModuleList([Part(c1, c2)])"]),
    ],
    ids=["a function makes it", "a function changes it", "a class of the file makes it"],
)
def test_functions_and_classes_of_the_file_are_followed(forward, made):
    assert like(pasted(forward, *made, before=MAKER)) == "Conv"


def test_a_method_of_its_own_is_followed():
    text = (
        pasted("return self.run(x)", CONV, BN).text + "\n    def run(self, x):\n        return self.bn(self.conv(x))\n"
    )
    assert like(read_paste(text.encode(), "pasted.py")) == "Conv"


def test_a_class_within_itself_is_open():
    paste = pasted("return self.inner(x)", "self.inner = X(c1, c2)")
    assert end_of(paste, "X").how.name == "OPEN"


def test_upstreams_forward_is_known():
    paste = pasted("return super().forward(x)", bases="Conv")
    assert end_of(paste, "X").how.name == "NORMED"


def test_a_norm_that_a_package_makes_is_asked_for():
    code = pasted("return F.relu(self.conv(x))", "self.conv = Conv2d(c1, c2, k, s, norm=get_norm('BN', c2))")
    with pytest.raises(UsageError, match=r"not clear whether X in pasted\.py normalises its output") as caught:
        like(code)
    assert "norm=get_norm('BN', c2) in it" in caught.value.details[0]


SEQUENTIALS = {
    "given": "super().__init__(nn.Conv2d(c1, c2, k, s, k // 2), nn.BatchNorm2d(c2), nn.SiLU())",
    "by a list": "super().__init__(*[nn.Conv2d(c1, c2, k, s, k // 2), nn.BatchNorm2d(c2)])",
    "added": "super().__init__()\n        self.add_module('c', nn.Conv2d(c1, c2, k, s, k // 2))\n"
    "        self.add_module('b', nn.BatchNorm2d(c2))",
    "by names": "layers = OrderedDict(c=nn.Conv2d(c1, c2, k, s, k // 2), b=nn.BatchNorm2d(c2))\n"
    "        super().__init__(layers)",
    "to the base class": "nn.Sequential.__init__(self, nn.Conv2d(c1, c2, k, s, k // 2), nn.BatchNorm2d(c2))",
}


@pytest.mark.parametrize("case", SEQUENTIALS)
def test_a_sequential_without_a_forward_ends_with_its_last_layer(case):
    imported = f"from collections import OrderedDict\n{HEAD}"
    head = f"{imported}class X(nn.Sequential):\n    def __init__(self, c1, c2, k=1, s=1):\n"
    found = read_paste(f"{head}        {SEQUENTIALS[case]}\n".encode(), "pasted.py")
    assert like(found) == "Conv"
    bare = f"{head}        {SEQUENTIALS['given'].replace('nn.BatchNorm2d(c2), ', '')}\n"
    assert like(read_paste(bare.encode(), "pasted.py")) == "Conv2d"


NAMED = {
    "getattr": ('norm="BatchNorm2d"', "getattr(nn, norm)(c2)", ""),
    "eval": ('norm="nn.BatchNorm2d"', "eval(norm)(c2)", ""),
    "a table": ('norm="bn"', "NORMS[norm](c2)", 'NORMS = {"bn": nn.BatchNorm2d, "gn": nn.GroupNorm}\n\n\n'),
    "a default": ("norm=None", "(norm or nn.BatchNorm2d)(c2)", ""),
    "a switch": ("bn=True", "(nn.BatchNorm2d if bn else nn.InstanceNorm2d)(c2)", ""),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_norm_that_a_text_or_a_table_names_is_a_norm(case):
    argument, made, before = NAMED[case]
    code = pasted("return self.bn(self.conv(x))", CONV, f"self.bn = {made}", before=before).text
    found = read_paste(code.replace("k=1, s=1", f"k=1, s=1, {argument}").encode(), "pasted.py")
    assert like(found) == "Conv"


def test_a_norm_in_a_text_that_cannot_be_looked_up_is_asked_for():
    code = pasted("return self.bn(self.conv(x))", CONV, 'self.bn = strange("BatchNorm2d")(c2)').text
    with pytest.raises(UsageError, match="it is not clear whether X in"):
        like(read_paste(code.encode(), "pasted.py"))
