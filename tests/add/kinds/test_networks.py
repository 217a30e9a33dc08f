"""Whole networks are no layers, however much of them can be followed; those that return their stages are backbones."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.judging.joins import several
from yolopatch.errors import OpenError, UsageError
from yolopatch.steps.own.add import AddRequest, add

from ..classes import HEAD, decided, given, refused, text

# stem, stages and a classifier; rates of the layers as networks count them
RATES = "rates = [r.item() for r in torch.linspace(0, drop, sum(depths))]\n"
STAGES = (
    "self.stem = nn.Conv2d({}, 16, 4, 4)\n"
    "self.drop = nn.Dropout(rates[-1]) if rates[-1] > 0 else nn.Identity()\n"
    "self.stages = nn.ModuleList(nn.Conv2d(16 << i, 32 << i, 3, 2, 1) for i in range(3))\n"
    "self.head = nn.Linear(128, num_classes)"
)
STEPS = "x = self.stem(x)\n"
SCORES = "for stage in self.stages:\n    x = stage(x)\nreturn self.head(self.drop(x).mean((2, 3)))"
LISTED = "found = []\nfor stage in self.stages:\n    x = stage(x)\n    found.append(x)\nreturn found"

NETWORKS = {
    "rates of a linspace": ("in_chans=3, num_classes=1000, depths=(1, 2), drop=0.1", RATES + STAGES.format("in_chans")),
    "an image without a name": ("num_classes=1000, depths=(1, 2), drop=0.1", RATES + STAGES.format(3)),
    "classes to be given": ("num_classes, in_channels=3, depths=(1, 2), drop=0.1",
                            RATES + STAGES.format("in_channels")),
    "rates as a list": ("channels=3, num_classes=10, depths=(1, 2), drop=0.1",
                        "rates = torch.linspace(0, drop, sum(depths)).tolist()\n" + STAGES.format("channels")),
    "rates of numpy": ("inp=3, num_classes=10, depths=(1, 2), drop=0.2",
                       "import numpy as np\nrates = [float(r) for r in np.linspace(0, drop, np.sum(depths))]\n"
                       + STAGES.format("inp")),
    "an option of the environment": ("in_ch=3, num_classes=10, depths=(1, 2), drop=0.2",
                                     "import os\nif os.environ.get('FORK', None):\n    raise OSError\n" + RATES
                                     + STAGES.format("in_ch")),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS)
def test_one_that_gives_the_scores_of_an_image_is_refused(case):
    said = refused(text(*NETWORKS[case], STEPS + SCORES))
    assert "X is a whole network, not a layer: of an image it makes an output of the shape [2, " in said
    assert "found:    pasted.py, line " in said
    assert "let its forward return the maps of its stages" in said


def test_one_whose_maps_are_no_pyramid_is_refused_with_their_shapes():
    arguments, made = NETWORKS["rates of a linspace"]
    said = refused(text(arguments, made, f"{STEPS}return [x, x * 2]"))
    assert "of an image it makes maps of the shapes [2, 16, 64, 64], [2, 16, 64, 64]" in said
    assert "a backbone, which returns a list of maps, each smaller than the last" in said


@pytest.mark.parametrize("case", [case for case in NETWORKS if "to be given" not in case])
def test_one_that_returns_the_maps_of_its_stages_is_a_backbone(case):
    decision = decided(text(*NETWORKS[case], STEPS + LISTED))
    assert (decision.kind, given(decision)) == ("backbone", {})
    assert decision.why == "of an image it makes 3 maps: 32 channels at 1/8, 64 channels at 1/16, 128 channels at 1/32"


@pytest.mark.parametrize("switch", ["fork_feat", "features_only", "dense", "as_backbone", "out_feats"])
def test_a_switch_that_returns_the_maps_is_turned_on(switch):
    arguments, made = NETWORKS["rates of a linspace"]
    forward = f"{STEPS}if self.switch:\n    {LISTED.replace(chr(10), chr(10) + '    ')}\n{SCORES}"
    decision = decided(text(f"{arguments}, {switch}=False, more=False", f"self.switch = {switch}\n{made}", forward))
    assert (decision.kind, given(decision)) == ("backbone", {switch: "True"})


STRANGE = "self.stem = strange({}, 16)\nself.head = nn.Linear(16, 10)"
UNKNOWN = {
    "in_chans": ("in_chans=3, num_classes=1000", "the image's channels"),
    "channels": ("channels=3, depth=4", "the image's channels"),
    "in_dim": ("in_dim=3", "the image's channels"),
    "classes": ("channels, num_classes=10", "the number of classes"),
    "n_classes": ("dim, n_classes", "the number of classes"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_one_that_cannot_be_followed_and_is_made_for_an_image_is_no_attention_by_its_names(name):
    arguments, what = UNKNOWN[name]
    code = text(arguments, STRANGE.format(arguments.partition("=")[0].partition(",")[0]), "return self.stem(x)")
    said = refused(code, OpenError)
    assert "X looks like a whole network" in said
    assert f"{what}" in said
    assert "--like backbone" in said


def test_what_its_refusal_names_is_accepted_when_it_is_said():
    code = text("in_chans=3, num_classes=1000", STRANGE.format("in_chans"), "return self.stem(x)")
    assert "--like backbone" in refused(code, OpenError)
    assert decided(code, like="backbone").kind == "backbone"
    assert decided(code, like="attention").doubt
    asked = text("cfgs, num_classes=1000", STRANGE.format("cfgs"), "return self.stem(x)")
    assert '--like backbone --args "cfgs=..."' in refused(asked, OpenError)
    assert given(decided(asked, like="backbone", args="cfgs=[[3, 16]]")) == {"cfgs": "[[3, 16]]"}


def test_one_that_makes_an_image_of_an_image_is_a_layer_only_if_the_user_says_so():
    code = text("dim=3", "self.c = nn.Conv2d(dim, dim, 1)", "return x * self.c(x)")
    assert "if it is a layer for any channels: --like attention" in refused(code)
    decision = decided(code, like="attention")
    assert (decision.kind, given(decision)) == ("attention", {"dim": "c1"})


TOKENS = {
    "H and W": ("dim", "self.c = nn.Conv2d(dim, dim, 3, 1, 1)", "x, H, W",
                "B, N, C = x.shape\nreturn self.c(x.transpose(1, 2).view(B, C, H, W)).flatten(2).transpose(1, 2)"),
    "with other names": ("dim", "self.c = nn.Linear(dim, dim)", "x, rows, columns",
                         "B, N, C = x.shape\nreturn self.c(x).view(B, rows * columns, C)"),
    "a pair": ("dim", "self.c = nn.Conv2d(dim, dim, 1)", "x, size",
               "B, N, C = x.shape\nH, W = size\nreturn self.c(x.transpose(1, 2).reshape(B, C, H, W)).flatten(2)"),
    "shifted": ("dim, heads", "self.h = heads\nself.c = nn.Linear(dim, dim)", "x, H, W",
                "B, N, C = x.shape\nx = x.transpose(1, 2).view(B, C, H, W).contiguous()\n"
                "parts = [torch.roll(one, 1, 2) for one in torch.chunk(x, 4, 1)]\n"
                "return self.c(torch.cat(parts, 1).reshape(B, C, H * W).transpose(1, 2))"),
    "a loop over rows": ("dim", "self.c = nn.Linear(dim, dim)", "x, H, W",
                         "B, N, C = x.shape\nreturn torch.cat([self.c(x[:, r * W:(r + 1) * W]) for r in range(H)], 1)"),
    "an assertion": ("dim", "self.c = nn.Linear(dim, dim)", "x, H, W",
                     "B, N, C = x.shape\nassert N == H * W\nreturn self.c(x)"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOKENS)
def test_tokens_and_the_size_of_their_map_are_no_maps_to_join(case):
    arguments, made, takes, forward = TOKENS[case]
    said = refused(text(arguments, made, forward, takes))
    assert f"X cannot be a layer of a model: its forward takes {takes}, tokens and the size of their map" in said
    assert "found:    pasted.py, line " in said
    assert "x.flatten(2).transpose(1, 2)" in said


@pytest.mark.parametrize("takes", ["x, H, W", "x, height, width", "x, hw_shape", "x, x_size", "tokens, h, w"])
def test_tokens_of_a_class_that_fails_with_numbers_too_are_told_by_the_names_of_the_sizes(takes):
    made = "self.n = nn.LayerNorm(dim)\nself.c = nn.Linear(dim, 4 * dim)\nself.e = nn.Linear(3 * dim, dim)"
    name = takes.partition(",")[0]
    said = refused(text("dim", made, f"return {name} + self.e(self.c(self.n({name})))", takes))
    assert f"its forward takes {takes}, tokens and the size of their map" in said


RESNET = f"""{HEAD}class Plain(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.c = nn.Conv2d(c1, c2, 3, 2, 1)

    def forward(self, x):
        return self.c(x)


class Net(nn.Module):
    def __init__(self, block, layers, num_classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 4, 4)
        self.stages = nn.Sequential(*(block(16 << i, 32 << i) for i in range(len(layers))))
        self.head = nn.Linear(16 << len(layers), num_classes)

    def forward(self, x):
        return self.head(self.stages(self.stem(x)).mean((2, 3)))


def net18(**more):
    return Net(Plain, [2, 2, 2], **more)
"""


def test_one_that_a_function_makes_is_not_asked_for_what_no_option_can_say():
    said = refused(RESNET, symbol="Net")
    assert "net18() makes it" in said
    assert "--args" not in said.rpartition("\n")[2]
    assert "--class net18 --like backbone" in said


FILLS = (
    "for m in self.modules():\n    if isinstance(m, nn.BatchNorm2d):\n        for i in range(m.weight.data.shape[0]):\n"
    "            if m.weight.data[i] >= 0 and m.weight.data[i] < 0.1:\n                m.weight.data[i] = 0.1\n"
    "            elif m.weight.data[i] < 0:\n                m.weight.data[i] *= 2"
)


def test_weights_that_are_set_by_their_values_hide_nothing():
    made = (
        f"self.a = nn.Sequential(nn.Conv2d(channels, 16, 1), nn.BatchNorm2d(16))\nself.b = nn.Conv2d(19, 3, 1)\n{FILLS}"
    )
    said = refused(text("channels", made, "return x - self.b(torch.cat([x, self.a(x)], 1))"))
    assert "nn.Conv2d takes 19 channels, and gets 80" in said


def test_a_condition_on_values_that_changes_more_is_not_followed():
    made = "self.a = nn.Conv2d(dim, dim, 1)\nif self.a.weight[0, 0, 0, 0] > 0:\n    self.b = nn.ReLU()"
    assert "a condition on a tensor's values" in decided(text("dim", made, "return x * self.a(x)")).doubt


def test_a_layer_that_comes_out_is_called_by_its_name():
    said = refused(text("dim", "self.a = nn.Conv2d(dim, dim, 1)", "return self.a"))
    assert "found:    Conv2d" in said


STEMS = {
    "of torch": "self.stem = nn.Conv2d(3, cfgs[0], 3, 2, 1)",
    "by names": "self.stem = nn.Conv2d(in_channels=3, out_channels=cfgs[0], kernel_size=3, stride=2)",
    "in a chain": "self.stem = nn.Sequential(nn.Conv2d(3, cfgs[0] // 2, 3, 2, 1), nn.ReLU())",
}


@pytest.mark.parametrize("case", STEMS)
def test_a_layer_for_an_image_shows_a_network_whose_arguments_say_nothing(case):
    said = refused(text("cfgs", STEMS[case], "return self.stem(x)"), OpenError)
    assert "X looks like a whole network, and the value of cfgs is unknown" in said
    assert "a layer for the 3 channels of an image" in said
    assert '--like backbone --args "cfgs=..."' in said
    maker = text("cfgs", STEMS[case], "return self.stem(x)") + "\n\ndef small():\n    return X([16, 32])\n"
    assert refused(maker).endswith("--class small --like backbone")


@pytest.mark.parametrize("made", ["self.c = nn.Conv2d(3, 1, 7, padding=3)", "self.c = nn.Conv2d(3, sizes, 1)"])
def test_a_layer_for_three_maps_shows_none(made):
    assert "network" not in refused(text("sizes, more", made, "return x * self.c(x[:, :3]).mean()"))


NO_BACKBONES = {
    "scores": (SCORES, "of an image it makes an output of the shape [2, 1000]"),
    "maps of one size": (
        "return [x, x * 2]",
        "of an image it makes maps of the shapes [2, 16, 64, 64], [2, 16, 64, 64]",
    ),
    "another image": ("return self.stem(x)", "of an image, nn.Conv2d takes 3 channels, and gets 16"),
}


@pytest.mark.parametrize("case", NO_BACKBONES)
def test_one_that_certainly_is_no_backbone_is_refused_though_the_user_says_so(case):
    arguments, made = NETWORKS["rates of a linspace"]
    forward, why = NO_BACKBONES[case]
    said = refused(text(arguments, made, STEPS + forward), like="backbone")
    assert f"X cannot be a backbone: {why}" in said


PATCHES = {
    "alone": "return self.c(x).flatten(2).transpose(1, 2)",
    "with the size of their map": "x = self.c(x)\n_, _, h, w = x.shape\nreturn x.flatten(2).transpose(1, 2), h, w",
}


@pytest.mark.parametrize("case", PATCHES)
def test_one_that_makes_tokens_of_an_image_is_no_network(case):
    said = refused(text("in_chans=3, dim=96", "self.c = nn.Conv2d(in_chans, dim, 4, 4)", PATCHES[case]))
    assert "X makes tokens of an image, and a model's layers take and give maps" in said
    assert "let its forward return the maps of its stages" not in said


FOR_IMAGES = {
    "channels of the image": (
        "in_chans=3, widths=(), num_classes=1000",
        "self.stem = nn.Conv2d(in_chans, widths[0], 4)",
    ),
    "a layer for the image": ("widths=[], num_classes=1000", "self.stem = nn.Conv2d(3, widths[0], 4, 4)"),
    "a required number": ("num_classes, widths=(), in_channels=3", "self.stem = nn.Conv2d(in_channels, None // 2, 4)"),
}


@pytest.mark.parametrize("case", FOR_IMAGES)
def test_a_network_with_lists_and_a_number_of_classes_is_not_taken_for_a_head(case):
    said = refused(text(*FOR_IMAGES[case], "return self.stem(x).mean()"))
    assert "head" not in said.replace("self.head", "")


def test_a_suggested_class_is_sought_without_the_trials_that_only_say_why_one_has_no_place(monkeypatch):
    asked = []
    monkeypatch.setattr(several, "likely_calls", lambda subject: asked.append(subject.symbol) or ())
    tokens = "b, n, c = x.shape\nreturn self.f(x)"
    code = text("dim", "self.f = nn.Linear(dim, dim)", tokens)
    refused(f"{code}\n\n{code.removeprefix(HEAD).replace('class X', 'class Other')}", symbol="X")
    assert asked.count("Other") <= asked.count("X")


BUILDERS = f"""{HEAD}class Net(nn.Module):
    def __init__(self, widths, depths, act=nn.ReLU, in_chans=3, fork_feat=False):
        super().__init__()
        self.stem = nn.Conv2d(in_chans, widths[0], 4, 4)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(widths, widths[1:]))
        self.act = act()
        self.fork_feat = fork_feat

    def forward(self, x):
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(self.act(stage(maps[-1])))
        return maps if self.fork_feat else maps[-1].mean((2, 3))


WIDTHS = {{"s": (16, 32, 64)}}


def net_s(pretrained=False, **kwargs):
    model = Net(widths=WIDTHS["s"], depths=[1, 2], **kwargs)
    if pretrained:
        model.load_state_dict({{}})
    return model


def net_maps():
    return Net((8, 16, 32), [1] * 2, act=nn.ReLU, fork_feat=True)


def net_with_another_act():
    return Net((8, 16, 32), [1, 1], act=nn.GELU, fork_feat=True)


def net_alone():
    return net_s()


def net_strange():
    return Net([8, 16], [1, 1], act=strange.Act, fork_feat=True)


RATIOS = {{"0": [4, 4], "1": [2, 4]}}


class Rated(Net):
    def __init__(self, ratios, reach=None):
        super().__init__((16, 32, 64), [1, 1], fork_feat=True)
        self.ratios = [one for one in torch.special.zeta(2.0, 1.0)]


def net_rated():
    return Rated(ratios=RATIOS, reach=strange.reach)


def net_of_ratios():
    net = Rated(ratios=RATIOS)
    net.eval()
    return net
"""
MADE = {
    "net_s": "widths=(16, 32, 64) depths=[1, 2] fork_feat=True",
    "net_maps": "widths=(8, 16, 32) depths=[1, 1] fork_feat=True",
    "net_alone": "widths=(16, 32, 64) depths=[1, 2] fork_feat=True",
    # what cannot be followed inside the network does not matter for what it is given
    "net_of_ratios": "ratios={'0': [4, 4], '1': [2, 4]}",
}


@pytest.mark.parametrize("function", MADE)
def test_a_function_that_makes_a_network_is_a_backbone_with_the_arguments_that_it_gives(function, paste, own_catalog):
    found = add(AddRequest(paste(BUILDERS, "net.py"), symbol=function), own_catalog, own_catalog / "no-cache")
    symbol = "Rated" if "ratios" in function else "Net"
    assert (found.module, found.decision.symbol, found.decision.kind) == (function, symbol, "backbone")
    assert " ".join(f"{one.argument}={one.value}" for one in found.decision.given) == MADE[function]
    assert f"{function}() makes it" in found.decision.why


def test_of_a_network_that_wants_arguments_the_function_is_named_that_gives_them():
    assert "--class net_s" in refused(BUILDERS, symbol="Net")


@pytest.mark.parametrize("function", ["net_strange", "net_rated"])
def test_what_a_function_gives_must_be_in_the_file(function, paste, own_catalog):
    with pytest.raises(UsageError, match="no pin can have") as caught:
        add(AddRequest(paste(BUILDERS), symbol=function), own_catalog, own_catalog / "no-cache")
    assert "it needs strange, which neither the file nor any pin has" in " ".join(caught.value.details)


def test_a_function_that_gives_what_no_arguments_can_say_gets_a_class_around_it(paste, own_catalog):
    asked = AddRequest(paste(BUILDERS, "net.py"), symbol="net_with_another_act")
    found = add(asked, own_catalog, own_catalog / "no-cache")
    assert (found.decision.symbol, found.decision.kind, found.decision.given) == ("NetWithAnotherAct", "backbone", ())
    assert "3 maps: 8 channels at 1/4, 16 channels at 1/8, 32 channels at 1/16" in found.decision.why
