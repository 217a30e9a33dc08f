"""Arguments that only a trial decides; constructors that are not there; parts of upstream's blocks."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.reading import choose_class, read_paste

from ..classes import HEAD, decided, given, refused, text

CONV = "self.c = nn.Sequential(nn.Conv2d(c1, c2, k, s, {0}), nn.BatchNorm2d(c2))\n"
SECOND = "self.d = nn.Sequential(nn.Conv2d(c2, c2, {1}, 1, {0}, groups=c2), nn.BatchNorm2d(c2))"
PAD = "def pad(k, p):\n    return k // 2 if p is None else p\n"
TWO = PAD + CONV.format("pad(k, p)") + SECOND
OWN = {
    "padding of a second kernel": ("c1, c2, k=3, s=1, p=None", TWO.format("pad(5, p)", 5), "p"),
    "padding of a point": ("c1, c2, k=3, s=1, p=None", TWO.format("pad(1, p)", 1), "p"),
    "padding of 7": ("c1, c2, k=3, s=1, padding=None", f"p = padding\n{TWO.format('pad(7, p)', 7)}", "padding"),
    "an activation by name": ("c1, c2, k=3, s=1, act=None", PAD + CONV.format("k // 2")
                              + "self.d = getattr(F, act) if act else nn.Identity()", "act"),
    "an activation of a table": ("c1, c2, k=3, s=1, act='relu'", CONV.format("k // 2")
                                 + "self.d = {'relu': nn.ReLU(), 'silu': nn.SiLU()}[act]", "act"),
}  # fmt: skip


@pytest.mark.parametrize("case", OWN)
def test_an_argument_that_no_row_names_is_left_to_a_class_that_does_better_itself(case):
    arguments, made, name = OWN[case]
    decision = decided(text(arguments, made, "y = self.c(x)\nreturn y + self.d(y)"), like="Conv")
    assert name not in given(decision)
    assert any(left.startswith(f"{name}=") for left in decision.left)


@pytest.mark.parametrize("name", ["op_channel", "num_ch_in", "maps_in", "size_in", "number_of_maps"])
def test_the_only_open_argument_of_one_that_keeps_its_maps_shape_is_its_width(name):
    made = f"self.g = nn.Conv2d({name} // 2 * 2, {name}, 1)"
    decision = decided(text(f"{name}, gate=0.5", made, "return x * self.g(x)"))
    assert decision.kind == "attention"
    assert given(decision) == {name: "c1"}


UNSET = {
    "a norm": "self.g = nn.Sequential(nn.GroupNorm(1, {0}), nn.Conv2d({0}, {0}, 1))",
    "each map alone": "self.g = nn.Conv2d({0} * 2 // 2, {0}, 3, 1, 1, groups={0})",
    "what is not followed": "self.g = nn.Conv2d({0} // 2 * 2, {0}, 1, groups={0})\nself.g = unheard_of(self.g)",
}


@pytest.mark.parametrize("like", [None, "attention"])
@pytest.mark.parametrize("name", ["hidden_dim: int = 0", "embed_size=0", "embed_size=None"])
@pytest.mark.parametrize("case", UNSET)
def test_a_width_whose_default_is_a_placeholder_is_given(case, name, like):
    plain = name.partition(":")[0].partition("=")[0]
    arguments = f"drop=0, {name}, late=None"
    decision = decided(text(arguments, UNSET[case].format(plain), "return x * self.g(x)"), like=like)
    assert decision.kind == "attention"
    assert given(decision) == {plain: "c1"}
    assert decision.left == ("drop=0", "late=None")


def test_a_placeholder_that_is_no_width_keeps_its_default():
    made = "self.g = nn.Dropout(drop)\nself.late = late"
    decision = decided(text("drop=0, late=None", made, "return self.g(x)"), like="attention")
    assert not given(decision)


def test_a_width_that_is_a_placeholder_in_a_class_with_the_channels_last_is_not_blamed():
    made = "self.n = nn.LayerNorm(embed_size)\nself.g = nn.Conv2d(embed_size, embed_size, 3, 1, 1, groups=embed_size)"
    forward = "return self.g(self.n(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)"
    said = refused(text("embed_size=0", made, forward))
    assert "it reads B, H, W, C, and a model's layers give B, C, H, W" in said


WIDENS = "self.a = nn.Conv2d(inplanes, planes, 1)\nself.b = nn.Conv2d(planes, planes * 4, {k}, {s}, 1)\n"
OWN_SHORTCUT = "self.short = nn.Conv2d(inplanes, planes * 4, 1, stride)"
GATED = "self.a = nn.Conv2d(c1, c2, k, s, k // 2)"
SCALED = {
    "a residual without a layer on it": (
        ("inplanes, planes, stride=1, short=None", WIDENS.format(k=3, s="stride") + "self.short = short",
         "y = self.b(self.a(x))\nif self.short is not None:\n    x = self.short(x)\nreturn y + x"),
        "attention", {"inplanes": "c1", "planes": "c1 // 4"},
    ),
    "a residual with a layer on it": (
        ("inplanes, planes, stride=1", WIDENS.format(k=3, s="stride") + OWN_SHORTCUT,
         "return self.b(self.a(x)) + self.short(x)"),
        "convolution", {"inplanes": "c1", "planes": "c2 // 4", "stride": "s"},
    ),
    "two maps side by side": (
        ("c1, c2, k=3, s=1", GATED, "return torch.cat([self.a(x), self.a(x)], 1)"),
        "convolution", {"c1": "c1", "c2": "c2 // 2", "k": "k", "s": "s"},
    ),
    "a gate of half the channels": (
        ("c1, c2, k=3, s=1", GATED, "a, b = self.a(x).chunk(2, 1)\nreturn a * b"),
        "convolution", {"c1": "c1", "c2": "c2 * 2", "k": "k", "s": "s"},
    ),
    "as many as it is told": (
        ("c1, c2, k=3, s=1", GATED, "return self.a(x)"),
        "convolution", {"c1": "c1", "c2": "c2", "k": "k", "s": "s"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SCALED)
def test_the_channels_that_come_out_decide_what_a_class_is_told(case):
    code, kind, arguments = SCALED[case]
    decision = decided(text(*code))
    assert decision.kind == kind
    assert given(decision) == arguments
    named = decided(text(*code), like=decision.like)
    assert given(named) == arguments


def test_what_is_no_part_of_the_channels_is_told_as_it_is():
    code = text("c1, c2, k=3, s=1", GATED.replace("c2,", "c2 + 8,"), "return self.a(x)")
    assert "its map has another number of channels" in refused(code)
    third = text("c1, c2, k=3, s=1", GATED, "return torch.cat([self.a(x)] * 3, 1)")
    assert "its map has another number of channels" in refused(third)


def test_a_block_that_keeps_its_channels_by_a_part_of_them_is_for_rows_that_do():
    code = text(*SCALED["a residual without a layer on it"][0])
    decision = decided(code, like="C3k2")
    assert given(decision) == {"inplanes": "c1", "planes": "c1 // 4"}
    assert "it works only in rows with as many channels out as in" in decision.doubt
    typed = decided(code, args="c1, c1 // 4")
    assert typed.kind == "attention"


def test_an_open_argument_that_is_no_width_is_asked_for():
    made = "self.g = nn.ModuleList(nn.Identity() for _ in range(much))"
    forward = "for one in self.g:\n    x = one(x)\nreturn x * torch.ones(1, x.shape[1], 1, 1)"
    assert "the value of much is unknown" in refused(text("c1, much", made, forward))


OF_BASE = "class Base(nn.Module):\n    def __init__(self, c1, c2, k=3, s=1, gate=False):\n        super().__init__()\n"
OF_BASE += (
    "        self.c = nn.Conv2d(c1, c2, k, s, k // 2)\n\n    def forward(self, x):\n        return self.c(x)\n\n\n"
)
ALL_OF_BASE = {"c1": "c1", "c2": "c2", "k": "k", "s": "s"}
HANDED_ON = {
    "everything": ("Base", "*args, **kwargs", "*args, **kwargs", ALL_OF_BASE, ("gate=False",)),
    "everything, with an argument by name": (
        "Base", "*args, gain=1.0, **kwargs", "*args, **kwargs", ALL_OF_BASE, ("gate=False", "gain=1.0")),
    "what is not given": ("Base", "c1, c2, *args, **more", "c1, c2, *args, **more", ALL_OF_BASE, ("gate=False",)),
    "by name alone": ("Base", "c1, c2, **more", "c1, c2, **more", ALL_OF_BASE, ("gate=False",)),
    "without what it sets": ("Base", "c1, c2, **more", "c1, c2, s=1, **more", {"c1": "c1", "c2": "c2", "k": "k"},
                             ("gate=False",)),
    "to torch": ("nn.Conv2d", "*args, **kwargs", "*args, **kwargs",
                 {"in_channels": "c1", "out_channels": "c2", "kernel_size": "k", "stride": "s", "padding": "p",
                  "dilation": "d", "groups": "g"}, ()),
    "to upstream": ("Conv", "*args, **kwargs", "*args, **kwargs", {**ALL_OF_BASE, "p": "p", "g": "g"}, ()),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDED_ON)
def test_what_a_constructor_hands_on_it_takes_too(case):
    base, takes, gives, arguments, left = HANDED_ON[case]
    imports = "from ultralytics.nn.modules import Conv\n\n\n" if base == "Conv" else ""
    code = (
        f"{HEAD}{imports}{OF_BASE}class X({base}):\n    def __init__(self, {takes}):\n"
        f"        super().__init__({gives})\n\n    def forward(self, x):\n        return super().forward(x) * 2\n"
    )
    decision = decided(code, "X", like="Conv")
    assert given(decision) == arguments
    assert decision.left == left


def test_a_class_of_upstreams_without_a_constructor_of_its_own_takes_what_upstreams_does():
    code = f"{HEAD}from ultralytics.nn.modules import C2f\n\n\nclass X(C2f):\n    pass\n"
    decision = decided(code)
    assert decision.kind == "block"
    assert given(decision) == {"c1": "c1", "c2": "c2", "n": "n", "shortcut": "shortcut", "g": "g", "e": "e"}


PLAIN = {
    "a gate": "return x * torch.sigmoid(x)",
    "an optional input": "return x",
    "a join": "return torch.cat(x, 1)",
    "an up-sampler": "return F.interpolate(x, scale_factor=2)",
    "a normaliser": "return F.normalize(x, dim=1)",
}
FOUND = {"a join": "join", "an up-sampler": "up-sampler"}


@pytest.mark.parametrize("case", PLAIN)
def test_a_class_without_a_constructor_takes_nothing(case):
    takes = "x=None" if "optional" in case else "x"
    decision = decided(f"{HEAD}class X(nn.Module):\n    def forward(self, {takes}):\n        {PLAIN[case]}\n")
    assert (decision.kind, given(decision)) == (FOUND.get(case, "attention"), {})


UP = "from ultralytics.nn.modules import C2f, C3, C3k2, Bottleneck\n"
UNIT = (
    "\n\nclass Unit(nn.Module):\n    def __init__(self, a, b):\n        super().__init__()\n"
    "        self.c = nn.Conv2d(a, b, 3, 1, 1)\n\n    def forward(self, x):\n        return self.c(x)\n"
)
C2F = "c1, c2, n=1, shortcut=False, g=1, e=0.5"
BLOCKS = {
    "C2f": (C2F, "C2f", "super().__init__(c1, c2, n, shortcut, g, e)",
            "self.m = nn.ModuleList(Unit(self.c, {}) for _ in range(n))", "self.c"),
    "C3": ("c1, c2, n=1, shortcut=True, g=1, e=0.5", "C3", "super().__init__(c1, c2, n, shortcut, g, e)",
           "c_ = int(c2 * e)\n        self.m = nn.Sequential(*(Unit(c_, {}) for _ in range(n)))", "c_"),
    "C3k2": ("c1, c2, n=1, c3k=False, e=0.5, g=1, shortcut=True", "C3k2",
             "super().__init__(c1, c2, n, c3k, e, g, shortcut)",
             "self.m = nn.ModuleList(Unit(self.c, {}) for _ in range(n))", "self.c"),
    "another cv2": (C2F, "C2f", "super().__init__(c1, c2, n, shortcut, g, e)",
                    "self.cv2 = Unit((2 + n) * self.c, {})", "c2"),
    "another cv1": (C2F, "C2f", "super().__init__(c1, c2, n, shortcut, g, e)", "self.cv1 = Unit(c1, {})",
                    "2 * self.c"),
}  # fmt: skip


def _block(case: str, width: str) -> str:
    arguments, base, above, made, _ = BLOCKS[case]
    return (
        f"{UP}{HEAD}{UNIT}\n\nclass X({base}):\n    def __init__(self, {arguments}):\n        {above}\n"
        f"        {made.format(width)}\n"
    )


@pytest.mark.parametrize("case", BLOCKS)
def test_a_block_made_of_upstreams_is_followed_through_upstreams_forward(case):
    decision = decided(_block(case, BLOCKS[case][-1]), symbol="X")
    assert (decision.kind, decision.doubt) == ("block", "")


@pytest.mark.parametrize("case", BLOCKS)
def test_a_part_of_another_width_in_it_is_refused_with_the_line(case):
    said = refused(_block(case, "7"), symbol="X")
    assert "X cannot be a" in said
    assert "pasted.py, line" in said or "another number of channels" in said


CHOSEN = {
    "by an option": "self.forward = self.slow if mode == 'a' else self.fast",
    "always": "self.forward = self.fast",
    "by setattr": "setattr(self, 'forward', self.fast)",
    "by getattr": "self.forward = getattr(self, 'slow' if mode == 'a' else 'fast')",
    "a lambda": "self.forward = lambda x: self.fast(x)",
}


@pytest.mark.parametrize("case", CHOSEN)
def test_a_forward_that_the_constructor_chooses_is_followed(case):
    code = (
        f"{HEAD}class X(nn.Module):\n    def __init__(self, dim, mode='b'):\n        super().__init__()\n"
        f"        {CHOSEN[case]}\n\n    def slow(self, x):\n        return x * x\n\n"
        "    def fast(self, x):\n        return x + 1\n"
    )
    decision = decided(code)
    assert (decision.kind, decision.doubt) == ("attention", "")


def test_a_width_that_a_trial_shows_to_be_needed_twice_goes_after_a_layer_though_it_is_not_followed():
    made = "assert c1 == c2\nself.c = strange(c1, c2, k, s)"
    decision = decided(text("c1, c2, k=5, s=1", made, "return self.c(x)"))
    assert decision.kind == "attention"
    assert "it needs as many channels out as in (line" in decision.why


def test_a_join_whose_arguments_say_nothing_is_not_guessed():
    made = "self.c = nn.Conv2d(160, 96, 1) if first else None"
    said = refused(text("level, first", made, "return self.c(torch.cat(x, 1))"))
    assert '--like Concat --args "level=..., first=..."' in said
    assert decided(text("level, first", made, "return self.c(torch.cat(x, 1))"), like="Concat",
                   args="level=1, first=1").kind == "join"  # fmt: skip


def test_a_join_of_three_maps_whose_constructor_wants_their_channels_is_kept_for_other_models():
    made = "self.a = nn.Conv2d(channels[0], width, 1)\nself.b = nn.Conv2d(channels[1], width, 1)"
    forward = "return self.a(x[0]) + self.b(x[1]) + x[2].mean(1, True)"
    assert "it joins only three maps" in refused(text("channels, width", made, forward))


@pytest.mark.parametrize("name", ["embed_dim", "dim", "hidden_dim", "channels", "num_features"])
def test_another_number_of_channels_is_the_outputs_where_it_turns_out_to_be(name):
    code = text(f"input_dim=512, {name}=32, s=1", f"self.c = nn.Conv2d(input_dim, {name}, 3, s, 1)", "return self.c(x)")
    assert given(decided(code)) == {"input_dim": "c1", "s": "s", name: "c2"}
    inner = f"self.c = nn.Sequential(nn.Conv2d(input_dim, {name}, 1), nn.Conv2d({name}, input_dim, 1))"
    kept = decided(text(f"input_dim=512, {name}=32", inner, "return x * self.c(x)"))
    assert (kept.kind, given(kept)) == ("attention", {"input_dim": "c1"})


def test_a_down_sampler_that_cannot_have_fewer_channels_out_than_in_is_one():
    made = "self.c = nn.Conv2d(c1, c2, 3, 2, 1, groups=c1)"
    decision = decided(text("c1, c2", made, "return self.c(x)"))
    assert (decision.kind, decision.doubt) == ("down-sampler", "")


BASES = {
    "a package": ("from mmcv.ops import ModulatedDeformConv2d", "ModulatedDeformConv2d"),
    "a package, if it is there": ("try:\n    from dcn import Deform\nexcept ImportError:\n    Deform = nn.Module",
                                  "Deform"),
    "upstream's transformer": ("from ultralytics.nn.modules.transformer import AIFI", "AIFI"),
    "upstream's v10Detect": ("from ultralytics.nn.modules.head import v10Detect", "v10Detect"),
    "upstream's Proto": ("from ultralytics.nn.modules import Proto", "Proto"),
}  # fmt: skip


@pytest.mark.parametrize("case", BASES)
def test_a_class_whose_base_is_imported_is_a_module(case):
    line, base = BASES[case]
    code = f"{HEAD}{line}\n\n\nclass X({base}):\n    def __init__(self, dim):\n        super().__init__(dim)\n"
    assert choose_class(read_paste(code.encode(), "pasted.py"), None) == "X"


ORDER = {
    "a loop over them": "self.c = nn.ModuleList(nn.Conv2d(c, out_channels, 1) for c in chs)\nself.last = chs[2]",
    "the third": "self.c = nn.Conv2d(chs[2], out_channels, 1)",
    "unpacked": "a, b, c = chs\nself.c = nn.Conv2d(c, out_channels, 1)",
    "the sum": "self.c = nn.Conv2d(sum(chs[:3]), out_channels + chs[2], 1)",
    "asserted": "assert len(chs) == 3",
}


@pytest.mark.parametrize("case", ORDER)
def test_one_that_wants_the_channels_of_maps_is_told_of_maps_and_not_of_a_number(case):
    said = refused(text("chs, out_channels", ORDER[case], "return torch.cat((x[0], F.max_pool2d(x[1], 2)), 1)"))
    assert "X cannot join maps of a model: " in said
    assert "64 has no elements" not in said


ONE_IMAGE = "b, c, h, w = x.shape\nx = x.{}(1, -1, h, w)\nreturn self.c(x.reshape(b, c, h, w))"


def test_a_convolution_for_blocks_that_needs_its_map_in_one_piece_is_refused_with_what_to_write():
    code = text("c1, c2, k", "self.c = nn.Conv2d(c1, c2, k, 1, k // 2)", ONE_IMAGE.format("view"))
    said = refused(code)
    assert "it views the images of a batch as one, and its map is one half of another map" in said
    assert "pasted.py, line 13: x = x.view(1, -1, h, w)" in said
    assert "write .reshape for .view in that line" in said
    assert decided(code, like="Conv2d").limited
    fixed = decided(code.replace(".view", ".reshape"))
    assert (fixed.kind, fixed.doubt) == ("convolution", "")


WRONG_RANKS = {
    "an element of a number": ("self.c = nn.Conv2d(dim, dim, 1)\nself.k = (3)[0]", "return self.c(x)",
                               "3 has no elements"),
    "a dimension too many": ("self.c = nn.Conv2d(dim, dim, 1)", "return self.c(x) + x.flatten().mean(1)",
                             "a tensor of the shape [430080] has no dimension 1"),
    "a pool of lines": ("self.p = nn.MaxPool1d(2)", "return self.p(x)", "a 1d pool gets a map of [7, 64, 24, 40]"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_RANKS)
def test_what_a_line_does_wrong_is_said_in_plain_words(case):
    made, forward, words = WRONG_RANKS[case]
    assert words in refused(text("dim", made, forward))
