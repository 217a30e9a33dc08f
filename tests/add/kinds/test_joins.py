"""The channels of what a join gives: told from trials with several numbers of channels, and of no chance equality."""

from __future__ import annotations

import pytest

from yolopatch.errors import OpenError

from ..classes import decided, given, refused, text

EACH = "self.c = nn.ModuleList(nn.Conv2d(c, {}, 1) for c in chs)"
ADDED = "return sum(c(one) for c, one in zip(self.c, x))"
WIDTHS = {
    "64 of its own": ("chs, dim=64", EACH.format(64), ADDED, "64"),
    "96 of its own": ("chs, dim=96", EACH.format(96), ADDED, "96"),
    "32 of its own": ("chs", EACH.format(32), ADDED, "32"),
    "an argument with a default": ("chs, hidc=64", EACH.format("hidc"), ADDED, "64"),
    "the first's": ("chs", EACH.format("chs[0]"), ADDED, "c1"),
    "the last's": ("chs", EACH.format("chs[-1]"), ADDED, "inputs[-1]"),
    "the largest": ("chs", EACH.format("max(chs)"), ADDED, "max(inputs)"),
    "all together": ("", "pass", "return torch.cat(x, 1)", "sum(inputs)"),
    "the second, gated by the first": ("chs", "self.g = nn.Conv2d(chs[0], chs[1], 1)",
                                       "return x[1] * torch.sigmoid(self.g(x[0]))", "inputs[1]"),
}  # fmt: skip


@pytest.mark.parametrize("case", WIDTHS)
def test_what_a_join_gives_follows_from_maps_of_other_channels_too(case):
    arguments, made, forward, outputs = WIDTHS[case]
    decision = decided(text(arguments, made, forward))
    assert (decision.kind, decision.outputs) == ("join", outputs)


def test_one_that_takes_three_maps_and_a_width_is_no_attention():
    made = "self.c = nn.ModuleList(nn.Conv2d(inc[i], channel, 1) for i in range(3))"
    said = refused(text("inc, channel", made, "return self.c[0](x[0]) + self.c[1](x[1]) + self.c[2](x[2])"), OpenError)
    assert "it joins only three maps" in said
    assert "--like Concat" in said


def test_one_that_takes_lists_of_maps_is_refused_for_that():
    forward = (
        "size = x[-1].shape[2:]\n"
        "found = [F.interpolate(one[self.idx[i]], size=size) for i, one in enumerate(x[:-1])]\n"
        "return torch.stack(found + x[-1:]).sum(0)"
    )
    said = refused(text("idx", "self.idx = idx", forward))
    assert "its forward takes each of them for a list of maps, which a Concat of the models does not get" in said


@pytest.mark.parametrize("default", [64, 96, 128])
@pytest.mark.parametrize("name", ["channels", "ch", "dim", "in_channels"])
def test_the_channels_of_a_join_are_those_of_its_maps_whatever_its_default(name, default):
    made = f"self.gate = nn.Conv2d({name}, {name}, 1)"
    code = text(f"{name}={default}, r=4", made, "return x[0] + x[1] * torch.sigmoid(self.gate(x[0] + x[1]))")
    decision = decided(code, like="Concat")
    assert [(one.argument, one.value) for one in decision.given] == [(name, "c1")]
    assert (decision.outputs, decision.limited) == ("c1", True)


@pytest.mark.parametrize("default", [64, 96, 256])
def test_a_width_of_its_own_stays_where_maps_of_any_channels_are_joined(default):
    made = "self.c = nn.ModuleList(nn.LazyConv2d(width, 1) for _ in range(2))"
    decision = decided(text(f"width={default}", made, "return self.c[0](x[0]) + self.c[1](x[1])"), like="Concat")
    assert "width" not in [one.argument for one in decision.given]


def test_one_that_joins_four_maps_of_any_size_says_so_and_is_kept_for_a_yaml_with_them():
    forward = (
        "a, b, c, d = x\n"
        "size = c.shape[2:]\n"
        "a, b = F.adaptive_avg_pool2d(a, size), F.adaptive_avg_pool2d(b, size)\n"
        "return torch.cat((a, b, c, F.interpolate(d, size=size)), 1)"
    )
    assert "it joins only four maps" in refused(text("", "pass", forward), OpenError)
    decision = decided(text("", "pass", forward), like="Concat")
    assert (decision.outputs, decision.limited) == ("sum(inputs)", True)


def test_the_message_is_of_the_number_of_maps_with_which_it_comes_furthest():
    made = "self.c = nn.Conv2d(7, 7, 1)"
    said = refused(text("", made, "a, b, c = x\nreturn self.c(torch.cat((a, b, c), 1))"))
    assert "nn.Conv2d takes 7 channels, and gets 192" in said
    assert "with:  [B, 64, 24, 40] and [B, 96, 24, 40] and [B, 32, 24, 40]" in said


def test_the_size_of_a_map_among_the_inputs_is_no_map_however_many_arguments_are_open():
    code = text(
        "dim, first, second", "self.f = nn.Linear(dim, first)", "return self.f(x) * params['rate']", "x, x_size, params"
    )
    said = refused(code)
    assert "its forward takes x, x_size, params, tokens and the size of their map" in said
    assert "--like Concat" not in said


def test_a_join_of_four_maps_that_cannot_be_followed_is_asked_for_and_kept():
    pooled = "F.adaptive_avg_pool2d(one, np.{0}(c.shape[2:]))"
    forward = f"import numpy as np\na, b, c, d = x\nreturn torch.cat([{pooled.format('array')} for one in x], 1)"
    assert "it joins only four maps" in refused(text("", "pass", forward), OpenError)
    forward = forward.replace("np.array", "np.unheard_of")
    said = refused(text("", "pass", forward), OpenError)
    assert said.endswith("if it joins maps into one: --like Concat")
    assert decided(text("", "pass", forward), like="Concat").doubt


def test_one_of_one_map_with_a_list_of_sizes_is_not_told_that_it_joins_no_maps():
    made = "self.weight = nn.Parameter(torch.ones(*dims))"
    said = refused(text("dims, start=1.0", made, "return torch.mul(self.weight, x)"))
    assert "cannot join maps" not in said
    assert "the name of no argument means a number of channels" in said


LISTED = {
    "an element of it": "self.c = nn.Conv2d({0}[3], {0}[3], 1)",
    "a loop over it": "self.c = nn.ModuleList(nn.Conv2d(one, one, 1) for one in {0})[0]",
    "its parts": "self.weight = nn.Parameter(torch.ones(*{0}))\nself.c = nn.Identity()",
}


@pytest.mark.parametrize("case", LISTED)
@pytest.mark.parametrize("name", ["channels", "dim", "in_channels"])
def test_a_list_of_numbers_is_asked_for_and_not_given_the_maps_channels(case, name):
    said = refused(text(f"{name}, start=1.0", LISTED[case].format(name), "return x + self.c(x)"), OpenError)
    assert f"{name}: it is a list in line " in said
    assert said.endswith(f'give its arguments: --args "{name}=..."')


IN_ORDER = {
    "two": ("low, high", "self.a, self.b = nn.Conv2d(low, 32, 1), nn.Conv2d(high, 32, 1)",
            "return self.a(x[0]) + self.b(x[1])", ["inputs[0]", "inputs[1]"]),
    "two and a width": ("c_low, c_high, out", "self.a, self.b = nn.Conv2d(c_low, out, 1), nn.Conv2d(c_high, out, 1)",
                        "return self.a(x[0]) * self.b(x[1])", ["inputs[0]", "inputs[1]", "c2"]),
    "two in another order": ("high, low", "self.a, self.b = nn.Conv2d(low, 32, 1), nn.Conv2d(high, 32, 1)",
                             "return self.a(x[0]) + self.b(x[1])", ["inputs[1]", "inputs[0]"]),
    "three, the middle one's size": (
        "p3, p4, p5", "self.c = nn.ModuleList(nn.Conv2d(c, p4, 1) for c in (p3, p4, p5))",
        "return F.max_pool2d(self.c[0](x[0]), 2) + self.c[1](x[1]) + F.interpolate(self.c[2](x[2]), scale_factor=2)",
        ["inputs[0]", "inputs[1]", "inputs[2]"]),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_ORDER)
def test_the_channels_of_each_map_are_given_in_order_where_no_other_number_works(case):
    arguments, made, forward, values = IN_ORDER[case]
    decision = decided(text(arguments, made, forward), like="Concat")
    assert [one.value for one in decision.given] == values


NOT_IN_ORDER = {
    "a number that any other would do for": ("low, high, ratio", "self.a = nn.Conv2d(low, high, 1)\nself.r = ratio",
                                             "return self.a(x[0]) + x[1]"),
    "a width that is none": ("low, high, groups", "self.a = nn.Conv2d(low, high, 1)\nself.n = nn.GroupNorm(1, groups)",
                             "return self.a(x[0]) + x[1]"),
    "one number for none of the maps": ("low, high", "self.a, self.b = nn.Conv2d(low, 32, 1), nn.Conv2d(high, 32, 1)",
                                        "return self.a(x[0])"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_IN_ORDER)
def test_no_order_is_guessed_where_another_number_works_or_none_does(case):
    said = refused(text(*NOT_IN_ORDER[case]), like="Concat")
    assert "neither names nor defaults say what its arguments are" in said


def test_a_number_of_channels_beside_the_list_is_the_width_of_the_row():
    made = "self.c = nn.ModuleList(nn.Conv2d(c, channel, 1) for c in inc)"
    decision = decided(text("inc, channel", made, "return sum(c(one) for c, one in zip(self.c, x))"))
    assert [(one.argument, one.value) for one in decision.given] == [("inc", "inputs"), ("channel", "c2")]
    assert decision.outputs == "sum(inputs)"


HEADS = "self.heads = heads\nself.p = nn.Conv2d(2 * dim, dim, 1)"
SPLIT_IN_HEADS = (
    "a, b = x\n"
    "n, c, h, w = a.shape\n"
    "a = a.reshape(n, self.heads, c // self.heads, h, w).softmax(1).reshape(n, c, h, w)\n"
    "return self.p(torch.cat((a, b), 1))"
)


def test_a_number_of_heads_is_found_where_the_join_is_asked_for():
    code = text("dim, heads", HEADS, SPLIT_IN_HEADS)
    assert refused(code).endswith("for a Concat of a YAML of your own: --like Concat")
    assert given(decided(code, like="Concat"))["heads"] == "max(c1 // 32, 1)"
    decision = decided(code, like="Concat", args="dim=c1, heads=4")
    assert (decision.kind, decision.outputs) == ("join", "c1")


def test_one_whose_input_is_unpacked_is_asked_for_as_a_join():
    made = "self.a, self.b = nn.Conv2d(inp, oup, 1), nn.Conv2d(parts[flag], oup, 1)"
    code = text("inp, oup, parts, flag", made, "low, high = x\nreturn self.a(low) * self.b(high)")
    said = refused(code, OpenError)
    assert '--like Concat --args "inp=..., oup=..., parts=..., flag=..."' in said
    assert "names that --args can use with --like Concat: inputs, count, c1, c2" in said
    decision = decided(code, like="Concat", args="inp=inputs[0], oup=c2, parts=[inputs[1]], flag=0")
    assert (decision.kind, decision.limited) == ("join", False)


@pytest.mark.parametrize("like", [None, "Concat"])
def test_one_that_gives_its_weights_besides_is_refused_for_that(like):
    made = "self.n = n\nself.w = nn.Parameter(torch.zeros(n))"
    forward = (
        "if len(x) != self.n:\n"
        "    raise ValueError(len(x))\n"
        "w = self.w.softmax(0)\n"
        "return sum(one * w[i] for i, one in enumerate(x)), w"
    )
    said = refused(text("c, n=3", made, forward), like=like)
    assert "its forward gives 2 values, and a layer of a model gives one map" in said
    assert "let its forward return the map alone" in said


def test_one_whose_first_map_has_the_width_of_its_row_is_kept_for_rows_with_it():
    made = (
        "self.up = nn.ConvTranspose2d(out_channels, out_channels, 2, 2)\n"
        "self.low = nn.Conv2d(in_channels[1], out_channels, 1)\n"
        "self.down = nn.Conv2d(in_channels[2], out_channels, 3, 2, 1)"
    )
    code = text("in_channels, out_channels", made, "return self.up(x[0]) + self.low(x[1]) + self.down(x[2])")
    assert "three maps, each of twice the size before, the first with the row's width" in refused(code, OpenError)
    decision = decided(code, like="Concat")
    assert [(one.argument, one.value) for one in decision.given] == [("in_channels", "inputs"), ("out_channels", "c2")]
    assert (decision.outputs, decision.limited) == ("c1", True)


def test_a_list_without_a_name_that_says_so_is_told_by_the_loop_over_it():
    made = "self.c = nn.ModuleList(nn.Conv2d(one, width, 1) for one in parts_of_maps)"
    decision = decided(text("parts_of_maps, width", made, ADDED))
    assert (decision.kind, given(decision)) == ("join", {"parts_of_maps": "inputs", "width": "c2"})


@pytest.mark.parametrize("takes", ["x", "a, b"])
def test_a_width_of_the_files_own_that_the_maps_must_have_is_theirs(takes):
    made = "self.a = nn.Conv2d(inter_dim, 8, 1)\nself.b = nn.Conv2d(inter_dim, 8, 1)\nself.w = nn.Conv2d(16, 2, 1)"
    unpack = "a, b = x\n" if takes == "x" else ""
    forward = f"{unpack}w = self.w(torch.cat([self.a(a), self.b(b)], 1)).softmax(1)\nreturn a * w[:, :1] + b * w[:, 1:]"
    code = text("inter_dim=512", made, forward, takes)
    assert "it joins only maps of equal channels" in refused(code, OpenError)
    decision = decided(code, like="Concat")
    assert (given(decision), decision.limited) == ({"inter_dim": "c1"}, True)


def test_a_number_of_the_files_own_that_is_no_width_of_a_map_stays():
    made = "self.p = nn.Conv2d(sum(chs), hidden, 1)\nself.q = nn.Conv2d(hidden, sum(chs), 1)"
    decision = decided(text("chs=(1, 1), hidden=24", made, "return self.q(self.p(torch.cat(x, 1)))"))
    assert given(decision) == {"chs": "inputs"}


def test_attention_between_tokens_is_no_join():
    made = "self.q = nn.Linear(d_model, h * d_k)\nself.k = nn.Linear(d_model, h * d_k)\nself.h, self.d = h, d_k"
    forward = (
        "b, n = queries.shape[:2]\nq = self.q(queries).view(b, n, self.h, self.d).transpose(1, 2)\n"
        "k = self.k(keys).view(b, n, self.h, self.d).transpose(1, 2)\nw = (q @ k.transpose(-2, -1)).softmax(-1)\n"
        "return (w @ values.view(b, n, self.h, -1).transpose(1, 2)).transpose(1, 2).reshape(b, n, -1)"
    )
    said = refused(text("d_model, d_k, h", made, forward, "queries, keys, values"))
    assert "its forward takes queries, keys, values, tokens, B, N, C" in said
    assert "--like Concat" not in said
