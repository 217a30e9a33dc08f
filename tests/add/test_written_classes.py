"""Classes that `add` writes below a pasted file: they give what no row can, and turn maps into what a forward reads."""

from __future__ import annotations

import pytest
import torch

from yolopatch.errors import UsageError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddedModule, AddRequest, add

from .hint_inputs import GATE, HEAD, module

BLOCK = module("c, k=3", "self.p = nn.AvgPool2d(k, 1, k // 2)", "return self.p(x) - x", "Pool")
MIXER = f"{BLOCK}\n\n" + module(
    "dim, token_mixer, ratio=2, act_layer=nn.GELU, norm_layer=nn.BatchNorm2d",
    "self.norm = norm_layer(dim); self.t = token_mixer(dim); self.a = act_layer(); self.c = nn.Conv2d(dim, dim, 1)",
    "return x + self.a(self.c(self.t(self.norm(x))))",
).removeprefix(HEAD)
TOKENS = module(
    "dim, heads=4",
    "self.heads = heads; self.qkv = nn.Linear(dim, 3 * dim)",
    "B, N, C = x.shape; q, k, v = self.qkv(x).reshape(B, N, 3, self.heads, -1).permute(2, 0, 3, 1, 4);"
    " return ((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).reshape(B, N, C)",
)
SIZED = module(
    "dim",
    "self.f = nn.Linear(dim, dim); self.d = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)",
    "B, N, C = x.shape; y = self.d(x.transpose(1, 2).reshape(B, C, H, W)).flatten(2).transpose(1, 2);"
    " return self.f(x) + y",
    taken="x, H, W",
)
LAST = module(
    "dim",
    "self.f = nn.Linear(dim, dim)",
    "B, H, W, C = x.shape; return x * self.f(x.mean((1, 2), keepdim=True)).sigmoid()",
)


@pytest.fixture
def added(tmp_path):
    """Add a file to a catalog of its own; returns the result, and the class that the stored file has for it."""

    def run(text: str, **asked) -> tuple[AddedModule, type[torch.nn.Module]]:
        file = tmp_path / "Pasted.py"
        file.write_text(text, "utf-8")
        found = add(AddRequest(file, **asked), tmp_path / "catalog", tmp_path / "no-cache")
        names: dict = {"__name__": "pasted"}
        (source,) = (tmp_path / "catalog" / "modules").glob("own_*.py")
        stored = source.read_text("utf-8")
        assert stored.startswith(text)
        exec(compile(stored, "pasted.py", "exec", dont_inherit=True), names)  # our own text
        symbol = found.written[0].partition(":")[0].removeprefix("class ")
        return found, names[symbol]

    yield run
    load_own_catalog(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("args", "mixer", "act"),
    [
        ("c1, Pool", "Pool", torch.nn.GELU),
        ("c1, partial(Pool, k=5), act_layer=nn.SiLU", "Pool", torch.nn.SiLU),
        ("dim=c1, token_mixer=Pool, norm_layer=partial(nn.BatchNorm2d, eps=1e-3)", "Pool", torch.nn.GELU),
    ],
)
def test_layers_and_functions_are_given_by_a_class_around(added, args, mixer, act):
    text = MIXER.replace("import torch\n", "import torch\nfrom functools import partial\n", 1)
    found, made = added(text, symbol="Pasted", args=args)
    layer = made(8)
    assert type(layer.t).__name__ == mixer
    assert isinstance(layer.a, act)
    assert layer(torch.zeros(1, 8, 6, 6)).shape == (1, 8, 6, 6)
    assert found.module == "Pasted"
    assert found.decision.symbol == "Pasted"
    assert found.decision.like == "attention"


def test_a_convolution_gets_its_row_and_a_layer(added):
    text = module(
        "c1, c2, act, k=3, s=1", "self.c = nn.Conv2d(c1, c2, k, s, k // 2); self.act = act", "return self.c(x)"
    )
    found, made = added(text, args="c1, c2, nn.SiLU(), k, s")
    assert found.decision.like == "Conv2d"
    assert made(4, 8, 5, 2).c.kernel_size == (5, 5)
    assert made(4, 8).c.stride == (1, 1)


def test_what_goes_by_its_name_alone_is_given_by_a_class_around(added):
    text = module("c, *, heads=4", "self.c = nn.Conv2d(c, c, 1, groups=heads)", "return x + self.c(x)")
    found, made = added(text, args="c1, heads=2", like="attention")
    assert made(8).c.groups == 2
    assert found.written == ("class PastedGiven: it calls Pasted(c1, heads=2)",)


def test_a_value_behind_a_default_that_no_row_can_have_is_given_by_a_class_around(added):
    text = module("c, norm=nn.BatchNorm2d, heads=4", "self.n = norm(c); self.h = heads", "return x + self.n(x)")
    _, made = added(text, args="c1, heads=8", like="attention")
    assert made(8).h == 8


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("c1, act=Gone", "cannot use Gone"),
        ("c1, act=timm.layers.Gelu", "has no timm"),
        ("c1, act=torch.load('x')", "torch.load('x') is more than"),
        ("c1, act=nn.GELU().forward.__globals__", "is more than"),
        ("c1, act=__import__('os').system", "is more than"),
        ("c1, act=(lambda: 3)", "is more than"),
        ("c1, act=[x for x in (1, 2)]", "is more than"),
    ],
)
def test_a_value_that_neither_the_file_nor_torch_has_is_refused(tmp_path, args, said):
    file = tmp_path / "Pasted.py"
    file.write_text(module("dim, act=nn.GELU", "self.a = act()", "return x + self.a(x)"), "utf-8")
    with pytest.raises(UsageError) as caught:
        add(AddRequest(file, args=args), tmp_path / "catalog", tmp_path / "no-cache")
    assert said in caught.value.what


def test_tokens_are_made_of_a_map_and_turned_back(added):
    found, made = added(TOKENS)
    layer, x = made(8).eval(), torch.randn(2, 8, 5, 6)
    tokens = x.flatten(2).transpose(1, 2)
    expected = type(layer).__bases__[0].forward(layer, tokens).transpose(1, 2).reshape(2, 8, 5, 6)
    assert torch.equal(layer(x), expected)
    assert found.written == (
        "class PastedMap: Pasted reads tokens: it turns the map, x.flatten(2).transpose(1, 2), and back",
    )
    assert found.decision.constructor == "(dim, heads=4)"


def test_tokens_and_the_size_of_their_map_are_made_of_a_map(added):
    _, made = added(SIZED)
    assert made(8)(torch.zeros(2, 8, 5, 6)).shape == (2, 8, 5, 6)


def test_channels_are_turned_to_the_end_and_back(added):
    _, made = added(LAST)
    layer, x = made(8), torch.randn(2, 8, 5, 6)
    turned = type(layer).__bases__[0].forward(layer, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert torch.equal(layer(x), turned)


def test_a_map_is_not_turned_where_two_layouts_work(tmp_path):
    file = tmp_path / "Pasted.py"
    file.write_text(module("dim", "self.f = nn.Linear(dim, dim)", "return x + self.f(x)"), "utf-8")
    with pytest.raises(UsageError, match="reads the channels in the last dimension"):
        add(AddRequest(file), tmp_path / "catalog", tmp_path / "no-cache")


def test_a_function_that_makes_a_layer_becomes_a_class(added):
    text = f"{HEAD}\n\ndef conv_bn(c1, c2, k=3, s=1):\n"
    text += "    return nn.Sequential(nn.Conv2d(c1, c2, k, s, k // 2), nn.BatchNorm2d(c2))\n"
    found, made = added(text, symbol="conv_bn")
    assert (found.module, found.decision.like) == ("conv_bn", "Conv")
    assert made(3, 8, 5, 2)(torch.zeros(2, 3, 6, 6)).shape == (2, 8, 3, 3)


def test_a_function_that_gives_a_network_a_layer_becomes_a_class_that_fetches_no_weights(added):
    text = module(
        "depths, act, in_chans=3",
        "self.stages = nn.ModuleList(nn.Sequential(nn.Conv2d(in_chans, d, 3, 2 << i, 1), act())"
        " for i, d in enumerate(depths))",
        "return [stage(x) for stage in self.stages]",
    )
    text += "\n\ndef pasted_tiny(pretrained=True):\n    net = Pasted([8, 16, 32], nn.GELU)\n"
    text += "    if pretrained:\n        raise RuntimeError('fetched')\n    return net\n"
    found, made = added(text, symbol="pasted_tiny")
    assert found.decision.like == "backbone"
    assert [one.shape[1] for one in made()(torch.zeros(1, 3, 64, 64))] == [8, 16, 32]
    assert "no model fetches weights" in found.written[0]


def test_a_gate_is_stored_as_it_is(tmp_path):
    file = tmp_path / "Pasted.py"
    file.write_text(GATE, "utf-8")
    assert add(AddRequest(file), tmp_path / "catalog", tmp_path / "no-cache").written == ()
    assert (tmp_path / "catalog" / "modules" / "own_pasted.py").read_text("utf-8") == GATE
