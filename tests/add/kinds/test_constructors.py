"""Constructors that a row of a model cannot call as it calls a Conv: what they want is asked for, or said."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.judging.makers import makes_module
from yolopatch.core.paste.reading import read_paste
from yolopatch.errors import OpenError

from ..classes import HEAD, decided, given, refused, text

GATE = "self.m = nn.Conv2d(dim, dim, 1)"

OWN_DEFAULTS = {
    "a list": ("dim, parts=None", f"{GATE}\nself.n = [p // 2 for p in parts]", "parts=None", '--args "c1, ..."'),
    "a number": ("dim, mid=None", f"{GATE}\nself.n = mid // 2", "mid=None", '--args "c1, ..."'),
    "a list of None": (
        "dim, parts=[None, None]", f"{GATE}\nself.n = [p // 2 for p in parts]", "parts=[None, None]", "c1, ...",
    ),
    "two": (
        "dim, a=None, b=None", f"{GATE}\nassert a is not None\nassert b is not None", "a=None, b=None", "c1, ..., ...",
    ),
    "nothing else": ("parts=None", "self.n = len(parts)", "parts=None", '--args "..."'),
}  # fmt: skip


@pytest.mark.parametrize("case", OWN_DEFAULTS)
def test_a_default_with_which_the_constructor_fails_is_named_with_what_to_give(case):
    arguments, made, named, hint = OWN_DEFAULTS[case]
    said = refused(text(arguments, made, "return x + self.m(x)"))
    assert f"X cannot be made with its own defaults, {named}: " in said
    assert hint in said
    assert "'Whole'" not in said


def test_a_network_that_fails_with_its_own_defaults_is_no_head():
    made = "self.stem = nn.Conv2d(in_chans, 8, 3, 2, 1)\nself.n = [p // 2 for p in parts]"
    arguments = "in_chans=3, num_classes=1000, parts=[None, None], stages=[]"
    said = refused(text(arguments, made, "return [self.stem(x)]"))
    assert "X cannot be made with its own defaults, parts=[None, None]: " in said
    assert '--args "parts=..."' in said


def test_the_hint_for_such_a_default_ends_in_a_module():
    arguments, made, *_ = OWN_DEFAULTS["a list"]
    assert given(decided(text(arguments, made, "return x + self.m(x)"), args="c1, [8, 16]"))["parts"] == "[8, 16]"


@pytest.mark.parametrize("read", ["kwargs['parts']", "kwargs.pop('parts')"])
def test_a_keyword_that_no_argument_names_is_to_become_an_argument(read):
    said = refused(text("dim, **kwargs", f"{GATE}\nself.n = {read}", "return x + self.m(x)"))
    assert "its code takes parts out of keywords that its constructor does not name" in said
    assert "make it an argument of the constructor, line 7, with a default, parts=..." in said
    assert (
        decided(text("dim, parts=2, **kwargs", f"{GATE}\nself.n = parts", "return x + self.m(x)")).like == "attention"
    )


def test_a_keyword_with_a_value_of_its_own_is_none_that_is_wanted():
    code = text("dim, **kwargs", f"{GATE}\nself.n = kwargs.get('parts', 2)", "return x + self.m(x)")
    assert decided(code).like == "attention"


ACTS = ["c1, c2, k, s, act", "c1, c2, k, s, act=None"]


@pytest.mark.parametrize("arguments", ACTS)
def test_an_activation_that_is_called_is_to_be_given_as_a_layer(arguments):
    made = "self.conv = nn.Conv2d(c1, c2, k, s, k // 2)\nself.act = act"
    code = text(arguments, made, "return self.act(self.conv(x))")
    assert refused(code).endswith('give its arguments, with a layer for act: --args "c1, c2, k, s, nn.SiLU()"')
    better = text("c1, c2, k, s, act=nn.SiLU()", made, "return self.act(self.conv(x))")
    assert "act" not in given(decided(better))


def test_a_layer_that_is_a_required_argument_is_not_asked_for_as_a_value():
    made = "self.conv = nn.Conv2d(dim, 2 * dim, size2, size2)\nself.norm = norm_layer(2 * dim)"
    said = refused(text("size2, dim, norm_layer", made, "return self.norm(self.conv(x))"), OpenError)
    assert said.endswith('with a layer for norm_layer: --args "size2=..., dim=c1, norm_layer=nn.BatchNorm2d"')


def test_a_kernel_and_a_stride_that_cut_patches_are_asked_for():
    made = "self.conv = nn.Conv2d(dim, 2 * dim, size2, step2)\nself.norm = nn.BatchNorm2d(2 * dim)"
    code = text("size2, step2, dim", made, "return self.norm(self.conv(x))")
    said = refused(code, OpenError)
    assert "the value of size2, step2 is unknown" in said
    assert said.endswith('--args "..., ..., c1"')
    assert decided(code, like="downsample", args="2, 2, c1").like == "downsample"


def test_a_norm_of_one_value_is_not_kept_for_rows_of_twice_the_channels():
    made = "self.conv = nn.Conv2d(c1, c2, k, s, k // 2)\nself.fc = nn.Conv2d(c1, c2, 1)\nself.bn = nn.BatchNorm2d(c2)"
    forward = "return self.conv(x) * self.bn(self.fc(x.mean((2, 3), keepdim=True)))"
    said = refused(text("c1, c2, k=3, s=1", made, forward))
    assert "one value for each channel, which has no variance" in said
    assert "keep it for the rows" not in said


@pytest.mark.parametrize(("parts", "kept"), [("x[..., ::2, ::2]", True), ("F.pixel_unshuffle(x, 2)", False)])
def test_a_half_of_a_map_is_kept_for_rows_only_where_some_fit(parts, kept):
    said = refused(text("c", "self.c = c", f"return {parts}"))
    assert "it halves the map, and no argument says how many channels come out" in said
    assert ("keep it for the rows that fit: --like downsample" in said) is kept


def test_a_pool_of_fixed_windows_keeps_its_own_pair_and_stride():
    made = "self.kernel_size, self.stride = kernel_size, stride"
    forward = (
        "b, c, h, w = x.shape\n"
        "y = F.unfold(x, self.kernel_size, stride=self.stride)\n"
        "y = y.view(b, c, self.kernel_size[0] * self.kernel_size[1], -1).mean(2)\n"
        "return y.view(b, c, h // self.stride, w // self.stride)"
    )
    code = text("kernel_size=(2, 2), stride=2", made, forward)
    assert "it halves the map, and no argument says how many channels come out" in refused(code)
    assert given(decided(code, like="downsample")) == {}


def test_a_single_k_that_is_no_kernel_is_the_number_of_channels():
    code = text("k", "self.w = nn.Parameter(torch.zeros(k, 1, 1))", "return x * self.w + x.mean((2, 3), keepdim=True)")
    assert given(decided(code)) == {"k": "c1"}


def test_a_class_that_is_told_the_size_of_its_map_is_refused_as_that():
    made = f"{GATE}\nself.h, self.w = resolution"
    forward = "B, C, H, W = x.shape\nassert H == self.h and W == self.w\nreturn x + self.m(x)"
    said = refused(text("dim, resolution", made, forward))
    assert "X works only with maps of the size that resolution says" in said
    assert "B, C, H, W = x.shape, instead of resolution" in said


def test_a_pair_of_a_window_is_found_and_is_no_size_of_the_map():
    made = f"{GATE}\nself.a, self.b = window"
    forward = (
        "b, c, h, w = x.shape\ny = x.view(b, c, h // self.a, self.a, w // self.b, self.b).mean((3, 5), keepdim=True)\n"
        "return self.m(x) + x"
    )
    assert given(decided(text("dim, window", made, forward))) == {"dim": "c1", "window": "(4, 4)"}


def test_a_window_size_is_found():
    made = f"{GATE}\nself.ws = window_size"
    forward = "b, c, h, w = x.shape\ny = x.view(b, c, h // self.ws, self.ws, w)\nreturn y.view(b, c, h, w) + self.m(x)"
    found = decided(text("dim, window_size", made, forward)).given[-1]
    assert (found.argument, found.value) == ("window_size", "4")
    assert found.why == "no default in the file: the usual value 7 does not fit a model's maps, and this does"


LAYERS = {
    "def conv_bn(inp, oup, stride=1):": "nn.Sequential(nn.Conv2d(inp, oup, 3, stride, 1), nn.BatchNorm2d(oup))",
    "def conv_bn(c1, c2, k=3):": "nn.Conv2d(c1, c2, k, 1, k // 2)",
    "def conv_bn(dim):": "Inner(dim)",
}


@pytest.mark.parametrize("start", LAYERS)
def test_a_function_that_makes_a_layer_is_told_from_another(start):
    inner = text("dim", GATE, "return x + self.m(x)").replace("class X", "class Inner")
    code = f"{inner}\n\n{start}\n    return {LAYERS[start]}\n"
    assert makes_module(read_paste(code.encode(), "pasted.py"), "conv_bn")


def test_a_function_that_makes_no_layer_is_left_to_the_losses():
    code = f"{HEAD}def distance(a, b):\n    return (a - b).abs().mean()\n"
    assert not makes_module(read_paste(code.encode(), "pasted.py"), "distance")
