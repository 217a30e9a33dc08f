"""What a constructor's arguments mean, by the conventions in use, and what the class is."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.deciding import Decision, decide
from yolopatch.core.paste.reading import choose_class, read_paste
from yolopatch.errors import UsageError


def decided(text: str, symbol: str | None = None, **asked: str) -> Decision:
    """Decide what a text's class is."""
    found = read_paste(text.encode(), "pasted.py")
    return decide(found, choose_class(found, symbol), **asked)


def given(decision: Decision) -> dict[str, str]:
    """Give what each argument is given."""
    return {one.argument: one.value for one in decision.given}


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
KEEPS = "nn.Conv2d({0}, {0}, 1)"
CHANGES = "nn.Conv2d({0}, {1}, 1)"
CONVOLVES = "nn.Conv2d({0}, {1}, {2}, {3}, {2} // 2)"


def module(arguments: str, forward: str = "return self.conv(x)", made: str = "") -> str:
    """Give the text of a class X with this constructor; `made` has the names of its arguments by number."""
    names = [one.partition("=")[0].strip() for one in arguments.split(",")]
    usual = CONVOLVES if len(names) > 3 else KEEPS
    made = (made or usual).format(*names)
    return (
        f"{HEAD}class X(nn.Module):\n    def __init__(self, {arguments}):\n        super().__init__()\n"
        f"        self.conv = {made}\n\n    def forward(self, x):\n        {forward}\n"
    )


CONVENTIONS = [
    "c1, c2, k=1, s=1",
    "in_channels, out_channels, kernel_size, stride=1",
    "inp, oup, kernel_size=3, stride=1",
    "in_planes, out_planes, kernel_size, stride=1",
    "inplanes, planes, kernel_size, stride=1",
    "inplanes, outplanes, ksize=3, stride=1",
    "in_dim, out_dim, kernel_size, stride=1",
    "dim_in, dim_out, kernel_size, stride=1",
    "dim, out_dim, kernel_size, stride=1",
    "channel, out_channel, k, s=1",
    "ch_in, ch_out, k, stride=1",
    "inc, ouc, ks, stride=1",
    "inc, outc, kernel_size=3, stride=1",
    "in_features, out_features, kernel_size, stride=1",
    "nin, nout, kernel, stride=1",
    "nIn, nOut, kSize, stride=1",
    "in_c, out_c, kernel_size, stride=1",
    "in_ch, filters, kernel_size, strides=1",
    "cin, cout, k, s",
    "first, second, kernel_size, stride=1",
    "a, b, f, t",
]


@pytest.mark.parametrize("arguments", CONVENTIONS)
def test_channels_kernel_and_stride_are_found(arguments):
    decision = decided(module(arguments))
    assert decision.kind == "convolution"
    assert list(given(decision).values()) == ["c1", "c2", "k", "s"]


@pytest.mark.parametrize(
    "arguments",
    ["channel", "dim", "c", "in_channels, reduction=16", "channel=512, reduction=16", "c1, k_size=3", "d_model, **kw"],
)
def test_one_number_of_channels_is_kept(arguments):
    decision = decided(module(arguments, made=KEEPS))
    assert decision.kind == "attention"
    assert list(given(decision).values()) == ["c1"]


def test_padding_groups_and_dilation_go_by_name_whatever_their_order():
    decision = decided(
        module(
            "in_planes, out_planes, kernel_size, stride=1, padding=0, groups=1, dilation=1, bias=True",
            made="nn.Conv2d({0}, {1}, {2}, {3}, {4}, {6}, {5}, {7})",
        )
    )
    assert list(given(decision).values()) == ["c1", "c2", "k", "s", "p", "g", "d"]
    assert decision.left == ("bias=True",)


def test_a_number_of_repeats_makes_a_block():
    chain = "nn.Sequential(*(nn.Conv2d(c1 if i == 0 else c2, c2, 1, groups=g) for i in range(n)))"
    decision = decided(module("c1, c2, n=1, shortcut=False, g=1, e=0.5", made=chain))
    assert decision.kind == "block"
    assert list(given(decision).values()) == ["c1", "c2", "n", "shortcut", "g", "e"]


def test_channels_in_and_out_of_a_gate_are_the_same():
    text = module(
        "inp, oup, reduction=32", "identity = x\n        a = self.conv(x)\n        return identity * a * a", CHANGES
    )
    decision = decided(text)
    assert decision.kind == "attention"
    assert given(decision) == {"inp": "c1", "oup": "c2"}
    assert "it needs as many channels out as in (line 14)" in decision.why


def test_a_gate_in_code_that_cannot_be_followed_is_told_by_what_it_returns():
    text = module("inp, oup, reduction=32", "y = strange(x)\n        return x * self.conv(y)", CHANGES)
    decision = decided(text)
    assert decision.kind == "attention"
    assert "input, multiplied" in decision.why
    assert "cannot be followed in line 12: strange, which the file does not have" in decision.doubt


def test_a_constructor_may_be_a_class_of_the_files_above():
    text = module("c1, c2, k=1, s=1") + "\n\nclass Y(X):\n    pass\n"
    assert list(given(decided(text, "Y")).values()) == ["c1", "c2", "k", "s"]


def test_a_subclass_of_torchs_convolution_has_its_constructor():
    decision = decided(f"{HEAD}class Y(nn.Conv2d):\n    def forward(self, x):\n        return super().forward(x)\n")
    assert list(given(decision).values()) == ["c1", "c2", "k", "s", "p", "d", "g"]


def test_what_neither_names_nor_forward_say_is_asked_for():
    text = module("in_ch, out_ch", made=CHANGES)
    with pytest.raises(UsageError, match="is not clear") as caught:
        decided(text)
    assert "X(in_ch, out_ch)" in caught.value.details[0]
    assert "--like C3k2" in caught.value.hint
    assert decided(text, like="Conv").kind == "layer"
    assert decided(text, like="c2f").kind == "block"


def test_a_place_that_the_forward_speaks_against_is_doubted():
    bare, normed = module("c1, c2, k=1, s=1"), module("c1, c2, k=1, s=1", made="Conv(c1, c2, k, s)")
    assert "ends in self.conv without a norm" in decided(bare, like="Conv").doubt
    assert "a second BatchNorm" in decided(normed, like="Conv2d").doubt
    assert not decided(bare, like="Conv2d").doubt + decided(normed, like="Conv").doubt + decided(bare).doubt


def test_an_argument_that_nothing_explains_is_named_with_the_way_to_say_it():
    with pytest.raises(UsageError, match="the value of heads, rank is unknown") as caught:
        decided(module("c1, c2, k, s, heads, rank"))
    assert caught.value.hint.endswith('--args "c1, c2, k, s, max(c1 // 32, 1), rank=..."')
    decision = decided(module("c1, c2, k, s, heads, rank"), args="c1, c2, k, s, rank=4, heads=max(c1 // 32, 1)")
    assert given(decision)["heads"] == "max(c1 // 32, 1)"


def test_no_number_of_channels_cannot_be_mapped():
    with pytest.raises(UsageError, match="the name of no argument means a number of channels"):
        decided(module("gamma, b=1", "return strange(x) * self.conv", "{0}"))


def test_an_argument_is_what_a_layer_is_given_of_it_whatever_its_name():
    decision = decided(module("depth_in, much, reach", made="nn.Conv2d({0}, {1}, {2}, padding={2} // 2)"))
    assert (decision.kind, given(decision)) == ("convolution", {"depth_in": "c1", "much": "c2", "reach": "k"})
    assert decision.given[2].why == "by its use, line 9: the kernel"


def test_one_that_is_told_no_number_of_channels_may_keep_them():
    text = module("gamma=2, b=1", "return strange(x)", "None")
    with pytest.raises(UsageError, match="not clear whether it keeps the channels"):
        decided(text)
    decision = decided(text, like="attention")
    assert (given(decision), decision.left) == ({}, ("gamma=2", "b=1"))


def test_outputs_that_are_none_by_default_are_left_so():
    text = module("channels, c2=None, factor=32", "b, c, h, w = x.size()\n        return self.conv(x).view(b, c, h, w)")
    decision = decided(text)
    assert (decision.kind, given(decision)) == ("attention", {"channels": "c1"})
    text = module("c1, c2=None, k=3", made="nn.Conv2d(c1, c2 or c1, k, 1, k // 2)")
    assert given(decided(text)) == {"c1": "c1", "c2": "c2", "k": "k"}


@pytest.mark.parametrize("forward", ["return self.conv(x).view(b, c, h, w)", "return self.conv(x).reshape(b, c, h, w)"])
def test_the_inputs_shape_is_its_channels(forward):
    decision = decided(module("inp, oup, groups=4", f"b, c, h, w = x.shape\n        {forward}", KEEPS))
    assert decision.kind == "attention"
    assert "the shape of its input" in decision.why


@pytest.mark.parametrize(
    "forward",
    [
        "parts = x.chunk(2, 1)\n        return torch.cat((parts[0], parts[1]), 1)",
        "x = x.chunk(2, 1)\n        return torch.cat((x[0] + x[1], x[1]), 1)",
    ],
)
def test_parts_of_one_map_are_none_of_several(forward):
    assert decided(module("dim", forward)).kind == "attention"


NO_MAP = {
    "a tuple": "y = self.conv(x)\n        return y, y.mean()",
    "a list": "y = self.conv(x)\n        out = [y, y]\n        return out",
    "a dict": 'return {"map": self.conv(x)}',
    "nothing": "x = self.conv(x)",
}


@pytest.mark.parametrize("what", NO_MAP)
@pytest.mark.parametrize("asked", [{}, {"like": "Conv"}])
def test_one_that_returns_no_map_is_refused_whatever_kind_it_is_said_to_be(what, asked):
    with pytest.raises(UsageError, match="returns no map") as caught:
        decided(module("c1, c2, k=3, s=1", NO_MAP[what]), **asked)
    assert f"found:    {what}" in caught.value.details


@pytest.mark.parametrize(
    "forward",
    [
        "if not self.training:\n            return self.conv(x)\n        return self.conv(x) * x",
        "a, b = self.conv(x), x\n        return a * b",
        "for part in self.conv:\n            x = part(x)\n        return x",
    ],
)
def test_one_that_returns_a_map_in_the_end_is_not(forward):
    assert decided(module("dim", forward)).kind == "attention"


DOUBLING = {
    "interpolate": ("return F.interpolate(self.conv(x), scale_factor=2)", KEEPS, "c1"),
    "shuffled": ("return F.pixel_shuffle(self.conv(x), 2)", "nn.Conv2d({0}, {0} * 4, 1)", "c1"),
    "a layer": ("return self.conv(x)", "nn.Upsample(scale_factor=2)", "c1"),
    "transposed": ("return self.conv(x)", "nn.ConvTranspose2d({0}, {0}, 2, 2)", "c1"),
    "sizes": (
        "b, c, h, w = x.shape\n        return self.conv(x).view(b, c, 2 * h, 2 * w)",
        "nn.Conv2d({0}, {0} * 4, 1)",
        "c1",
    ),
    "fewer channels": ("return F.pixel_shuffle(x, 2)", "None", "c1 // 4"),
    "more channels": ("return F.interpolate(torch.cat((x, x), 1), scale_factor=2)", "None", "c1 * 2"),
    "its own channels": ("return F.interpolate(self.conv(x), scale_factor=2)", "nn.Conv2d({0}, 48, 1)", "48"),
}


@pytest.mark.parametrize("case", DOUBLING)
def test_one_that_doubles_the_map_is_an_up_sampler(case):
    forward, made, outputs = DOUBLING[case]
    decision = decided(module("channels", forward, made))
    assert (decision.kind, decision.outputs) == ("up-sampler", outputs)
    with pytest.raises(UsageError, match="cannot be a layer after another one"):
        decided(module("channels", forward, made), like="attention")


HALVING = {
    "a stride of its own": ("return self.conv(x)", "nn.Conv2d({0}, {1}, 3, 2, 1)"),
    "a pool": ("return self.conv(F.max_pool2d(x, 2))", CHANGES),
    "every second value": ("return self.conv(x[..., ::2, ::2])", CHANGES),
    "unshuffled": ("return self.conv(F.pixel_unshuffle(x, 2))", "nn.Conv2d({0} * 4, {1}, 1)"),
    "two branches": ("return torch.cat((self.conv(x), F.avg_pool2d(x, 2)), 1)", "nn.Conv2d({0}, {1} - {0}, 3, 2, 1)"),
}


@pytest.mark.parametrize("case", HALVING)
@pytest.mark.parametrize("more", ["", ", k=3", ", n=1", ", k=3, s=1"])
def test_one_that_halves_the_map_is_a_down_sampler_whatever_its_arguments_are_called(case, more):
    forward, made = HALVING[case]
    if case == "two branches":
        forward = "return self.conv(torch.cat((x, x), 1))"
        made = "nn.Conv2d({0} * 2, {1}, 2, 2)"
    assert decided(module(f"c1, c2{more}", forward, made)).kind == "down-sampler"


@pytest.mark.parametrize(
    "forward",
    [
        "b, c, h, w = x.shape\n        return self.conv(x).view(b, c, h, w)",
        "return F.interpolate(self.conv(x), size=x.shape[2:])",
        "b, c, h, w = x.shape\n        return torch.cat((x, x), 1).reshape(b, c * 2, h, w)[:, :c]",
    ],
)
def test_one_that_keeps_the_maps_size_is_not(forward):
    assert decided(module("channels", forward)).kind == "attention"


def test_a_list_of_numbers_is_no_kernel():
    with pytest.raises(UsageError, match="is not clear"):
        decided(module("c1, c2, k=(5, 9, 13)", made=CHANGES))
    pair = module("c1, c2, k=(3, 3), s=1", made="nn.Conv2d(c1, c2, k, s, 1)")
    assert given(decided(pair))["k"] == "k"
    taken_apart = module("c1, c2, k=(3, 3), s=1", made="nn.Conv2d(c1, c2, k[0], s, 1)")
    assert "k" not in given(decided(taken_apart))


def test_a_gate_without_channels_keeps_what_it_multiplies():
    decision = decided(module("kernel_size=7", "return x * self.conv(x.mean(1, True)).sigmoid()", "nn.Conv2d(1, 1, 1)"))
    assert (decision.kind, given(decision)) == ("attention", {})


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("c1, c2, k, s, 1", "5 positional arguments, and it takes 4"),
        ("c1, c2, k, s=s, s=1", "s is given twice"),
        ("c1, c2, k, s, c1=3", "c1 is given twice"),
        ("c1, c2, width=3", "no argument width"),
        ("c1, c2, n", "X cannot use n"),
        ("__import__('os').system('true')", "more than names, numbers, arithmetic"),
        ("c1) + f(c2", "more than the arguments of one call"),
        ("c1, *c2", "more than names"),
        ("**c1", "no argument **"),
        ("c1,, c2", "it is not a list of arguments"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args, said):
    with pytest.raises(UsageError) as caught:
        decided(module("c1, c2, k=1, s=1"), like="Conv2d", args=args)
    assert said in caught.value.what


def test_a_module_of_no_input_is_refused():
    text = module("c1, c2, k=1, s=1").replace("forward(self, x)", "forward(self)")
    with pytest.raises(UsageError, match="its forward takes nothing"):
        decided(text)


def test_an_unknown_like_names_the_known():
    with pytest.raises(UsageError, match="--like C9") as caught:
        decided(module("c1, c2"), like="C9")
    assert "attention" in caught.value.details[0]
