"""What a class is, found out by what it makes of maps, whatever its arguments are called; and what is refused."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.deciding import decide
from yolopatch.core.paste.reading import read_paste
from yolopatch.errors import OpenError

from .classes import decided, given, refused, text

CONV_BN = "self.c = nn.Sequential(nn.Conv2d(c1, c2, {}), nn.BatchNorm2d(c2))"

# (arguments, constructor, forward): the argument named in `misled` is not what its name says
MISLED = {
    "k counts branches": ("c1, c2, k, s=1", "self.b = nn.ModuleList(nn.Conv2d(c1, c2, 3, s, 1) for _ in range(k))\n"
                          "self.bn = nn.BatchNorm2d(c2)", "return self.bn(sum(b(x) for b in self.b))", "k"),
    "k multiplies a list": ("c1, c2, k, s=1", "self.b = nn.ModuleList([nn.Conv2d(c1, c2, 1, s)] * k)\n"
                            "self.bn = nn.BatchNorm2d(c2)", "return self.bn(sum(b(x) for b in self.b))", "k"),
    "p divides the channels": ("c1, c2, k, p, s=1", CONV_BN.format("k, s, k // 2") + "\nself.half = nn.Conv2d(c1, c1 "
                               "// p, 1)", "self.half(x)\nreturn self.c(x)", "p"),
    "g is a pool": ("c1, c2, k, g, s=1", CONV_BN.format("k, s, k // 2") + "\nself.p = nn.MaxPool2d(g, 1, g // 2)",
                    "return self.c(self.p(x))", "g"),
    "n divides": ("c1, c2, k, n, s=1", CONV_BN.format("k, s, k // 2") + "\nself.half = nn.Conv2d(c1, c1 // n, 1)",
                  "self.half(x)\nreturn self.c(x)", "n"),
    "s is a number of stages": ("c1, c2, k, s", CONV_BN.format("k, 1, k // 2") + "\nself.m = [nn.ReLU() for _ in "
                                "range(s)]", "for m in self.m:\n    x = m(x)\nreturn self.c(x)", "s"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISLED)
def test_an_argument_that_is_not_what_its_name_says_is_asked_for(case):
    arguments, made, forward, misled = MISLED[case]
    said = refused(text(arguments, made, forward), OpenError)
    assert f"the value of {misled} is unknown" in said
    assert f"\n{misled}: it is " in said


@pytest.mark.parametrize("default", ["2", "3", "4"])
@pytest.mark.parametrize("name", ["d", "dilation", "dilation_rate"])
def test_a_dilation_of_its_own_stays_where_no_row_names_one(name, default):
    made = CONV_BN.format(f"3, s, {name}, {name}")
    decision = decided(text(f"c1, c2, s=1, {name}={default}", made, "return self.c(x)"), like="Conv")
    assert name not in given(decision)
    assert f"{name}={default}" in decision.left


def test_groups_of_its_own_stay_and_those_of_upstreams_are_passed():
    own = decided(text("c1, c2, k=3, s=1, g=4", CONV_BN.format("k, s, k // 2, groups=g"), "return self.c(x)"))
    assert ("g" in given(own), own.left) == (False, ("g=4",))
    usual = decided(text("c1, c2, k=3, s=1, g=1", CONV_BN.format("k, s, k // 2, groups=g"), "return self.c(x)"))
    assert given(usual)["g"] == "g"


POOLS = {
    "one pool": ("k=5", "self.m = nn.MaxPool2d(k, 1, k // 2)", "self.m(x)"),
    "called kernel_size": ("kernel_size=5", "self.m = nn.AvgPool2d(kernel_size, stride=1, padding=kernel_size // 2)",
                           "self.m(x)"),
    "in forward": ("k=5", "self.k = k", "F.max_pool2d(x, self.k, 1, self.k // 2)"),
    "two pools": ("k=5", "self.a = nn.MaxPool2d(k, 1, k // 2)\nself.b = nn.AvgPool2d(k, 1, k // 2)",
                  "self.a(x) + self.b(x)"),
    "a chain": ("k=5", "self.m = nn.Sequential(*(nn.MaxPool2d(k, 1, k // 2) for _ in range(3)))", "self.m(x)"),
}  # fmt: skip


@pytest.mark.parametrize("case", POOLS)
def test_the_size_of_a_pool_is_no_kernel_of_a_convolution(case):
    argument, made, pooled = POOLS[case]
    code = text(f"c1, c2, {argument}", f"{CONV_BN.format(1)}\n{made}", f"return self.c({pooled})")
    decision = decided(code)
    assert decision.kind == "pool"
    assert list(given(decision).values()) == ["c1", "c2", "k"]


# constructor's arguments, constructor, forward, values, output channels
JOINS = {
    "by number": ("", "pass", "return torch.cat((x[0], x[1]), 1)", [], "sum(inputs)"),
    "unpacked": ("", "pass", "a, b = x\nreturn torch.cat((a, b), 1)", [], "sum(inputs)"),
    "at once": ("d=1", "self.d = d", "return torch.cat(x, self.d)", [], "sum(inputs)"),
    "a loop": ("inc, ouc", "self.c = nn.Conv2d(inc, ouc, 1)", "return self.c(torch.cat([one for one in x], 1))",
               ["sum(inputs)", "c2"], "sum(inputs)"),
    "a list of channels": ("channels, width", "self.c = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)",
                           "return sum(c(one) for c, one in zip(self.c, x))", ["inputs", "c2"], "sum(inputs)"),
    "how many": ("length", "self.w = nn.Parameter(torch.ones(length))",
                 "return torch.cat([x[i] * self.w[i] for i in range(len(x))], 1)", ["count"], "sum(inputs)"),
    "the first's": ("in_channels", "self.c = nn.ModuleList(nn.Conv2d(c, in_channels[0], 1) for c in in_channels)",
                    "return sum(c(one) for c, one in zip(self.c, x))", ["inputs"], "c1"),
    "a width of its own": ("chs, dim=32", "self.c = nn.ModuleList(nn.Conv2d(c, 32, 1) for c in chs)",
                           "return sum(c(one) for c, one in zip(self.c, x))", ["inputs"], "32"),
    "the largest": ("chs", "self.c = nn.ModuleList(nn.Conv2d(c, max(chs), 1) for c in chs)",
                    "return sum(c(one) for c, one in zip(self.c, x))", ["inputs"], "max(inputs)"),
    "resized inside": ("", "pass", "h, w = x[-1].shape[2:]\nreturn torch.cat([F.interpolate(one, (h, w)) for one in x],"
                       " 1)", [], "sum(inputs)"),
}  # fmt: skip


@pytest.mark.parametrize("case", JOINS)
def test_one_that_takes_a_list_of_maps_is_a_join(case):
    arguments, made, forward, values, outputs = JOINS[case]
    decision = decided(text(arguments, made, forward))
    assert (decision.kind, list(given(decision).values()), decision.outputs) == ("join", values, outputs)
    assert not decision.spread


SPREAD = {
    "two": ("a, b", "return torch.cat((a, b), 1)"),
    "any number": ("*x", "return torch.cat(x, 1)"),
    "with an option": ("low, high, scale=1.0", "return torch.cat((low * scale, high), 1)"),
}


@pytest.mark.parametrize("case", SPREAD)
def test_one_that_takes_its_maps_one_by_one_is_a_join(case):
    takes, forward = SPREAD[case]
    decision = decided(text("", "pass", forward, takes))
    assert (decision.kind, decision.spread, decision.outputs) == ("join", True, "sum(inputs)")


LIMITED = {
    "three maps": ("a, b, c = x\nreturn torch.cat((a, b, c), 1)", "it joins only three maps"),
    "equal channels": ("return x[0] + x[1]", "it joins only maps of equal channels"),
    "four maps": ("a, b, c, d = x\nreturn torch.cat((a, b, c, d), 1)", "it joins only four maps"),
    "three maps of equal channels": (
        "return x[0] + x[1] + x[2]",
        "it joins only three maps of equal channels",
    ),
    "four maps of equal channels": (
        "a, b, c, d = x\nreturn a * b + c * d",
        "it joins only four maps of equal channels",
    ),
    "three of any number": ("return torch.cat((x[0], x[1], x[2]), 1)", "it joins only three maps"),
    "three, brought to the size of the second": (
        "size = x[1].shape[2:]\n"
        "return torch.cat((F.adaptive_max_pool2d(x[0], size), x[1], F.interpolate(x[2], size)), 1)",
        "it joins only three maps",
    ),
    "a smaller second": (
        "return torch.cat((x[0], F.interpolate(x[1], scale_factor=2)), 1)",
        "it joins only two maps of which the second has half the size",
    ),
    "a larger second": (
        "return torch.cat((x[0], F.max_pool2d(x[1], 2)), 1)",
        "it joins only two maps of which the second has twice the size",
    ),
    "a smaller second of equal channels": (
        "return x[0] + F.interpolate(x[1], scale_factor=2)",
        "it joins only two maps of equal channels of which the second has half the size",
    ),
    "a larger second of equal channels": (
        "return x[0] * F.avg_pool2d(x[1], 2)",
        "it joins only two maps of equal channels of which the second has twice the size",
    ),
    "three falling sizes": (
        "return torch.cat((F.max_pool2d(x[0], 2), x[1], F.interpolate(x[2], scale_factor=2)), 1)",
        "it joins only three maps, each of half the size before",
    ),
    "three rising sizes": (
        "return torch.cat((x[0], F.max_pool2d(x[1], 2), F.max_pool2d(x[2], 4)), 1)",
        "it joins only three maps, each of twice the size before",
    ),
    "three falling sizes of equal channels": (
        "return x[0] + F.interpolate(x[1], scale_factor=2) + F.interpolate(x[2], scale_factor=4)",
        "it joins only three maps of equal channels, each of half the size before",
    ),
    "three rising sizes of equal channels": (
        "return F.interpolate(x[0], scale_factor=2) + x[1] + F.max_pool2d(x[2], 2)",
        "it joins only three maps of equal channels, each of twice the size before",
    ),
}


@pytest.mark.parametrize("case", LIMITED)
def test_a_join_that_no_concat_of_the_models_can_be_is_refused_and_kept_for_other_models(case):
    forward, why = LIMITED[case]
    said = refused(text("", "pass", forward), OpenError)
    assert why in said
    assert said.endswith("for a Concat of a YAML of your own: --like Concat")
    decision = decided(text("", "pass", forward), like="Concat")
    assert (decision.kind, decision.limited) == ("join", True)
    assert why in decision.doubt


def test_one_that_joins_no_maps_is_refused_with_the_line():
    made = "self.c = nn.Conv2d(7, 7, 1)"
    said = refused(text("", made, "return self.c(torch.cat(x, 1))"))
    assert "nn.Conv2d takes 7 channels, and gets 160" in said
    assert "pasted.py, line 12: return self.c(torch.cat(x, 1))" in said


BEFORE_HEAD = {
    "their own": ("ch", "self.g = nn.ModuleList(nn.Conv2d(c, c, 1) for c in ch)",
                  "return [g(f) for g, f in zip(self.g, x)]", "inputs"),
    "one width": ("ch=(), hidc=96", "self.g = nn.ModuleList(nn.Conv2d(c, hidc, 1) for c in ch)",
                  "return [g(f) for g, f in zip(self.g, x)]", "[96] * count"),
    "in place": ("chs", "self.g = nn.ModuleList(nn.Conv2d(c, c, 1) for c in chs)",
                 "for i, g in enumerate(self.g):\n    x[i] = x[i] * g(x[i])\nreturn x", "inputs"),
}  # fmt: skip


@pytest.mark.parametrize("case", BEFORE_HEAD)
def test_one_that_gives_each_map_back_goes_before_the_head(case):
    arguments, made, forward, outputs = BEFORE_HEAD[case]
    decision = decided(text(arguments, made, forward))
    assert (decision.kind, decision.stem, decision.outputs) == ("head", "Detect", outputs)
    assert list(given(decision).values()) == ["inputs"]


HEAD_MADE = "self.b = nn.ModuleList(nn.Conv2d(c, 64 + nc, 1) for c in ch)"


def test_one_that_makes_boxes_and_classes_of_each_map_is_a_head():
    forward = "x = [b(f) for b, f in zip(self.b, x)]\nif self.training:\n    return x\nreturn torch.cat(x)"
    decision = decided(text("nc=80, ch=()", HEAD_MADE, forward))
    assert (decision.kind, decision.stem) == ("head", "Detect")
    assert given(decision) == {"nc": "nc", "ch": "inputs"}


def test_a_subclass_of_upstreams_head_is_one():
    code = text("nc=80, ch=()", "pass", "return super().forward(x)").replace("nn.Module", "Segment")
    code = code.replace("import torch\n", "import torch\nfrom ultralytics.nn.modules import Segment\n")
    found = read_paste(code.encode(), "pasted.py")
    decision = decide(found, "X")
    assert (decision.kind, decision.stem, decision.why) == ("head", "Segment", "it inherits from upstream's Segment")


def test_a_head_that_gives_something_else_is_asked_for():
    said = refused(text("nc=80, ch=()", HEAD_MADE, "return [b(f) for b, f in zip(self.b, x)][1:]"), OpenError)
    assert "it is not clear which head it is" in said
    assert "--like Detect" in said


def test_a_head_whose_code_fails_with_maps_of_several_strides_is_refused_with_the_line():
    said = refused(text("nc=80, ch=()", HEAD_MADE, "return torch.cat([b(f) for b, f in zip(self.b, x)])"))
    assert "X cannot be a model's head: torch.cat of maps of [7, 144, 24, 40] and [7, 144, 12, 20]" in said
    assert "pasted.py, line 12" in said


STAGES = (
    "self.stem = nn.Conv2d(3, 16, 4, 4)\n"
    "self.stages = nn.ModuleList(nn.Conv2d(16 << i, 32 << i, 3, 2, 1) for i in range(3))"
)
ROUNDS = "x = self.stem(x)\nfor stage in self.stages:\n    x = stage(x)\n"


def test_one_that_gives_several_maps_of_an_image_is_a_backbone():
    forward = f"out = [self.stem(x)]\n{ROUNDS}    out.append(x)\nreturn out"
    decision = decided(text("pretrained=False", STAGES, forward))
    assert decision.kind == "backbone"
    assert "16 channels at 1/4, 32 channels at 1/8, 64 channels at 1/16, 128 channels at 1/32" in decision.why


NETWORKS = {
    "classes": "return x.mean((2, 3))",
    "a map": "return x",
    "two numbers": "return x.mean(), x.std()",
    "flat": "return x.flatten(1)",
    "the channels last": "return x.permute(0, 2, 3, 1)",
}


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("name", ["in_chans", "in_channels", "in_ch"])
def test_a_whole_network_is_refused(case, name):
    said = refused(text(f"{name}=3, num_classes=1000", STAGES.replace("(3,", f"({name},", 1), ROUNDS + NETWORKS[case]))
    assert "X is a whole network, not a layer" in said
    assert f"{name}=3, the image's channels" in said


WRONG = {
    "512 channels": ("c1, c2, k=3, s=1", CONV_BN.format("k, s, k // 2").replace("Conv2d(c1", "Conv2d(512"),
                     "return self.c(x)", "nn.Conv2d takes 512 channels, and gets 64"),
    "a size of its own": ("dim", "self.pos = nn.Parameter(torch.zeros(1, dim, 20, 20))", "return x + self.pos",
                          "do not fit element by element"),
    "on a GPU": ("dim", "self.c = nn.Conv2d(dim, dim, 1)", "return self.c(x) * torch.ones(1, device='cuda')",
                 "puts a tensor on cuda, wherever the model is"),
    "moved to a GPU": ("dim", "self.c = nn.Conv2d(dim, dim, 1).cuda()", "return self.c(x)", "puts a layer on a GPU"),
    "to a GPU": ("dim", "self.c = nn.Conv2d(dim, dim, 1)", "return self.c(x).to('cuda:0')", "puts a tensor on cuda:0"),
    "statistics of one value": (
        "dim", "self.c = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(dim, dim, 1), nn.BatchNorm2d(dim))",
        "return x * self.c(x)", "nn.BatchNorm2d gets one value for each channel, which has no variance"),
    "one value in a group": ("dim", "self.c = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.GroupNorm(dim, dim))",
                             "return x * self.c(x)", "nn.GroupNorm gets one value for each channel"),
    "another batch": ("dim", "pass", "return x.reshape(1, -1, *x.shape[2:])", "no map of its input's batch"),
    "a part of the batch": ("dim", "pass", "return x.mean(0, keepdim=True)", "no map of its input's batch"),
    "a third of the size": ("dim", "pass", "return F.max_pool2d(x, 3)", "its map has another size"),
    "four times the size": ("dim", "pass", "return F.interpolate(x, scale_factor=4)", "its map has another size"),
    "other channels": ("dim", "self.c = nn.Conv2d(dim, 2 * dim, 1)", "return self.c(x)", "no argument says how many"),
    "no padding": ("c1, c2, k=3, s=1", CONV_BN.format("k, s"), "return self.c(x)", "its map has another size"),
    "it raises": ("dim", "pass", "raise NotImplementedError", "the code raises NotImplementedError here"),
    "heads that do not divide": ("dim", "self.a = nn.MultiheadAttention(dim, 7)", "return x", "into 7 heads"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_certainly_fails_in_a_model_is_refused_with_the_line(case):
    arguments, made, forward, why = WRONG[case]
    said = refused(text(arguments, made, forward))
    assert why in said
    assert "with:  64 channels in" in said


LAST = {
    "a product": ("self.f = nn.Linear(dim, dim)", "B, H, W, C = x.shape\n"
                  "return self.f(x.view(B, H * W, C)).view(B, H, W, C)"),
    "turned inside": ("self.c = nn.Conv2d(dim, dim, 1)", "return self.c(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)"),
}  # fmt: skip


@pytest.mark.parametrize("case", LAST)
def test_one_that_reads_the_channels_last_is_told_so(case):
    said = refused(text("dim", *LAST[case]))
    assert "it reads B, H, W, C, and a model's layers give B, C, H, W" in said
    assert "x.permute(0, 2, 3, 1)" in said


EITHER = {
    "a norm": ("self.n = nn.LayerNorm(dim)", "return self.n(x)"),
    "a sum": ("self.f = nn.Linear(dim, dim)", "return x + self.f(x)"),
    "a gate": ("self.g = nn.Parameter(torch.ones(dim))", "return x * self.g"),
    "attention": ("self.f = nn.Linear(dim, dim)", "q = self.f(x)\nreturn (q @ x.transpose(-2, -1)).softmax(-1) @ x"),
    "a sum over dimension 1": ("self.f = nn.Linear(dim, dim)", "return self.f(x) + x.mean(1, keepdim=True)"),
}


@pytest.mark.parametrize("case", EITHER)
def test_one_that_takes_tokens_and_maps_with_the_channels_last_is_told_of_both(case):
    said = refused(text("dim", *EITHER[case]))
    assert "it reads the channels in the last dimension" in said
    assert said.index("x.flatten(2).transpose(1, 2)") < said.index("x.permute(0, 2, 3, 1)")


SCAN = "self.n = nn.LayerNorm(dim)\nself.f = nn.Linear(dim, dim)\nself.scan = scan_of_a_package"
LAST_NOT_FOLLOWED = {
    "B, H, W, C": ("y = self.n(x)\nB, H, W, C = y.shape\nreturn x + self.f(self.scan(y))", "it reads B, H, W, C,"),
    "tokens": ("y = self.n(x)\nB, N, C = y.shape\nreturn x + self.f(self.scan(y))", "it reads tokens, B, N, C,"),
    "either": ("return x + self.f(self.scan(self.n(x)))", "it reads the channels in the last dimension,"),
}


@pytest.mark.parametrize("case", LAST_NOT_FOLLOWED)
def test_one_that_reads_the_channels_last_and_is_followed_only_so_far_is_told_so(case):
    forward, why = LAST_NOT_FOLLOWED[case]
    said = refused(text("dim", SCAN, forward))
    assert f"{why} and a model's layers give" in said
    assert "self.n(x)" in said
    assert "turn the map" in said


def test_one_that_fails_with_the_channels_last_too_is_blamed_for_its_line():
    forward = "y = self.f(x.transpose(1, 3))\nreturn self.scan(y[:, :3] + x)"
    assert "do not fit element by element" in refused(text("dim", SCAN, forward))


def test_one_that_reads_tokens_is_told_so_without_words_of_its_own():
    forward = "b, n, c = x.shape\nside = int(n ** 0.5)\nreturn self.f(x.view(b, side, side, c)).view(b, n, c)"
    said = refused(text("dim", "self.f = nn.Linear(dim, dim)", forward))
    assert "it reads tokens, B, N, C, and a model's layers give maps, B, C, H, W" in said
    assert "x.flatten(2).transpose(1, 2)" in said
    other = refused(text("dim", "self.f = nn.Linear(dim, dim)", "b, n, c = x.shape\nreturn self.f(x).mean()"))
    assert "3 names for a shape of 4 sizes, which has 4 elements" in other


THREE_SIZES = {
    "windows of one size": ("dim", "self.f = nn.Linear(dim, dim)\nself.bias = nn.Parameter(torch.zeros(49, dim))",
                            "b_, n, c = x.shape\nreturn self.f(x) + self.bias"),
    "a number of heads to be given": ("dim, num_heads", "self.f = nn.Linear(dim, dim)\nself.bias = nn.Parameter("
                                      "torch.zeros(49, dim // num_heads))", "b, _, c = x.size()\nreturn x + self.bias"),
}  # fmt: skip


@pytest.mark.parametrize("case", THREE_SIZES)
def test_one_that_unpacks_three_sizes_is_told_so_before_it_is_asked_for_arguments(case):
    said = refused(text(*THREE_SIZES[case]))
    assert "X cannot be a layer of a model: it reads three sizes, b" in said
    assert "and a model's layers give maps, B, C, H, W" in said
    assert "x.flatten(2).transpose(1, 2)" in said


def test_one_that_gets_three_inputs_of_tokens_is_told_so():
    said = refused(
        text(
            "dim",
            "self.f = nn.Linear(dim, dim)",
            "b, n, _ = q.shape\nreturn self.f(q) @ k.transpose(1, 2) @ v",
            "q, k, v",
        )
    )
    assert "its forward takes q, k, v, tokens, B, N, C, and a model's layers give maps, B, C, H, W" in said


NAMED_LAST = {
    "another width": ("dim", "self.f = nn.Linear(2 * dim, dim)", "B, H, W, C = x.shape\nreturn self.f(x)"),
    "a size of its own": ("dim, parts=8", "self.f = nn.Linear(parts * 4, dim)",
                          "b, h, w, c = x.size()\nreturn self.f(x.reshape(b, h, w, 32))"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMED_LAST)
def test_one_whose_names_of_the_sizes_have_the_channels_last_is_told_so(case):
    assert "it reads B, H, W, C, and a model's layers give B, C, H, W" in refused(text(*NAMED_LAST[case]))


def test_one_that_turns_its_map_before_it_names_the_sizes_is_not():
    forward = "x = x.permute(0, 2, 3, 1)\nB, H, W, C = x.shape\nreturn self.f(x)"
    assert "it reads B, H, W, C" not in refused(text("dim", "self.f = nn.Linear(2 * dim, dim)", forward))


def test_a_static_forward_has_no_object():
    code = text("", "pass", "return x * F.softplus(x).tanh()").replace(
        "    def forward(self, x)", "    @staticmethod\n    def forward(x)"
    )
    assert decided(code).kind == "attention"


DOUBLING = "self.c = nn.Conv2d(c1, 2 * c1, 3, 2, 1)\nself.d = nn.Conv2d(c2, c2, 3, 1, 1)\nself.b = nn.BatchNorm2d(c2)"
MULTIPLE = "self.c = nn.Conv2d(c1, c2, k, s, k // 2, groups=c1)\nself.b = nn.BatchNorm2d(c2)"
SOME_ROWS = {
    "as many": ("c1, c2, k=3, s=1", MULTIPLE, "return self.b(self.c(x))", "Conv"),
    "twice as many": ("c1, c2", DOUBLING, "return self.b(self.d(self.c(x)))", "downsample"),
}


@pytest.mark.parametrize("case", SOME_ROWS)
def test_one_that_works_in_some_rows_is_refused_with_the_kind_that_keeps_it(case):
    *code, like = SOME_ROWS[case]
    said = refused(text(*code))
    assert said.endswith(f"or keep it for the rows in which it works: --like {like}")
    kept = decided(text(*code), like=like)
    assert kept.limited
    assert f"it works only in rows with {case} channels out as in" in kept.doubt


def test_values_of_the_user_that_fail_may_be_wrong_themselves():
    code = text("c1, size", "self.c = nn.Conv2d(c1, c1, size)", "return x + self.c(x)")
    said = refused(code, args="c1, size=3")
    assert said.endswith("correct the line, or give the constructor other values, and add the file again")
    assert decided(code, args="c1, size=1").kind == "attention"


def test_what_is_asked_for_fits_the_kind_that_the_class_has():
    made = "self.c = nn.Conv2d(c1, c2, 3, 2, 1)\nself.m = nn.ModuleList(nn.Conv2d(c2, c2 * r, 1) for _ in range(n))"
    forward = "x = self.c(x)\nfor one in self.m:\n    x = x * one(x).mean()\nreturn x"
    said = refused(text("c1, c2, n, r", made, forward), OpenError)
    assert "names that --args can use with --like downsample" in said
    assert said.endswith('give its arguments: --args "c1, c2, n=..., r=..."')
    assert decided(text("c1, c2, n, r", made, forward), args="c1, c2, n=2, r=3").kind == "down-sampler"


VIEWED = "b, c, h, w = x.shape\nreturn self.c(x).view(b, -1, h, w)"


def test_a_view_to_the_inputs_size_takes_the_stride_away():
    made = CONV_BN.format("k, s, k // 2")
    forward = "b, c, h, w = x.shape\ny = self.c(x)\nreturn y.view(b, y.shape[1], h, w)"
    decision = decided(text("c1, c2, k=3, s=1", made, forward))
    assert decision.kind == "layer"
    assert "s" not in given(decision)
    required = decided(text("c1, c2, k, s", made, forward))
    assert given(required)["s"] == "1"


SAME = {
    "a check": ("assert c1 == c2", "return self.c(x)"),
    "an error": ("if c1 != c2:\n    raise ValueError(c1)", "return self.c(x)"),
    "a sum": ("pass", "return x + self.c(x)"),
    "a product": ("pass", "return x * torch.sigmoid(self.c(x))"),
    "the input's channels": ("self.ch = c1", "b, _, h, w = x.shape\nreturn self.c(x).view(b, self.ch, h, w)"),
}


@pytest.mark.parametrize("case", SAME)
def test_one_that_needs_as_many_channels_out_as_in_goes_after_a_layer(case):
    made, forward = SAME[case]
    code = text("c1, c2, k=3", f"{made}\n{CONV_BN.format('k, 1, k // 2')}", forward)
    assert decided(code).kind == "attention"
    repeated = text(
        "c1, c2, n=1", f"{made}\nself.c = nn.Sequential(*(nn.Conv2d(c1, c2, 1) for _ in range(n)))", forward
    )
    assert decided(repeated).kind == "psa"
    assert decided(code, like="block").doubt.startswith("it works only in rows with as many channels out as in")


def test_code_that_cannot_be_followed_is_named_and_its_names_decide():
    code = text(
        "c1, c2, k=3, s=1", "self.c = nn.Sequential(strange(c1, c2, k, s), nn.BatchNorm2d(c2))", "return self.c(x)"
    )
    decision = decided(code)
    assert decision.kind == "layer"
    assert "cannot be followed in line 9: strange, which the file does not have" in decision.doubt


HARMFUL = {
    "a large power": "self.n = 9 ** 9 ** 9 ** 9",
    "a long loop": "for i in range(10 ** 9):\n    pass",
    "a long list": "self.n = [0] * 10 ** 10",
    "a list that doubles": "n = [0]\nwhile True:\n    n = n + n",
    "no end": "n = 0\nwhile True:\n    n += 1",
    "itself": "self.x = X(dim)",
    "a long text": "self.n = 'a' * 10 ** 10",
    "a format": "self.n = '%999999999d' % 1",
    "a huge tensor": "self.n = torch.zeros(10 ** 9, 10 ** 9)",
    "a wide range": "self.n = list(range(10 ** 7))",
}


@pytest.mark.parametrize("case", HARMFUL)
def test_code_that_would_never_end_is_not_followed_far(case):
    decision = decided(text("dim", HARMFUL[case], "return x"), like="attention")
    assert decision.kind == "attention"


def test_one_that_divides_its_channels_by_many_is_found_at_many_channels():
    heads = "self.c = nn.Conv2d(dim, dim, 1)\nself.h = dim // (dim // 128)"
    decision = decided(text("dim", heads, "return x * self.c(x)"))
    assert decision.kind == "attention"
    assert "it needs more channels than 64" in decision.doubt
    assert decision.limited


def test_the_files_own_expansion_is_tried_as_a_row_names_none():
    made = "c = int(c2 * e)\nself.c = nn.Sequential(*(nn.Conv2d(c1 if i == 0 else c, c, 1) for i in range(n)))"
    assert decided(text("c1, c2, n=1, e=1.0", made, "return self.c(x)")).kind == "block"
    assert "its map has another number of channels" in refused(text("c1, c2, n=1, e=4", made, "return self.c(x)"))


def test_an_activation_that_is_a_layer_stays_the_files_own():
    made = CONV_BN.format("k, s, k // 2")
    own = text("c1, c2, k=3, s=1, act=nn.GELU()", f"{made}\nself.a = act", "return self.a(self.c(x))")
    assert "act" not in given(decided(own))
    assert given(decided(text("c1, c2, k=3, s=1, act=True", made, "return self.c(x)")))["act"] == "act"


def test_a_module_before_the_head_whose_width_is_open_is_asked_for():
    made = "self.g = nn.ModuleList(nn.Conv2d(c, much, 1) for c in ch)"
    code = text("ch, much", made, "return [g(f) for g, f in zip(self.g, x)]")
    said = refused(code, OpenError)
    assert '--like Detect --args "ch=inputs, much=64" --outputs "[64] * count"' in said
    decision = decided(code, like="Detect", args="ch=inputs, much=64", outputs="[64] * count")
    assert (decision.kind, decision.outputs) == ("head", "[64] * count")


def test_one_that_takes_several_maps_and_cannot_be_followed_is_a_join_only_if_the_user_says_so():
    code = text("inc", "self.c = strange(inc)", "return self.c(torch.cat((x[0], strange(x[1])), 1))")
    said = refused(code, OpenError)
    assert "cannot be followed: strange, which the file does not have" in said
    assert said.endswith("if it joins maps into one: --like Concat")
    decision = decided(code, like="Concat")
    assert (decision.kind, decision.outputs) == ("join", "sum(inputs)")
    assert "its output channels are not known, and counted as sum(inputs)" in decision.doubt


@pytest.mark.parametrize("base", ["C2PSA", "C2fPSA"])
def test_a_block_of_upstreams_that_keeps_its_channels_takes_the_place_of_one(base):
    code = (
        f"from ultralytics.nn.modules.block import {base}\nimport torch.nn as nn\n\n\nclass X({base}):\n"
        "    def __init__(self, c1, c2, n=1, e=0.5):\n        super().__init__(c1, c2, n, e)\n"
        "        self.m = nn.ModuleList(nn.Identity() for _ in range(n))\n"
    )
    assert decided(code).kind == "psa"


def test_one_that_halves_the_map_and_doubles_its_channels_is_kept_for_rows_that_do():
    code = text("c1", "self.c = nn.Conv2d(c1, 2 * c1, 3, 2, 1)", "return self.c(x)")
    said = refused(code)
    assert "no argument says how many channels come out" in said
    assert "keep it for the rows that fit: --like downsample" in said
    assert decided(code, like="downsample").like == "downsample"
