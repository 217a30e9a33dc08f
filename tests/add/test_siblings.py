"""A file of a post imports other files of its repository, packages, and an upstream: each is told from the others."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from yolopatch.catalog.interfaces import interface, own_pins
from yolopatch.core.paste.fitting import Fitted, fit
from yolopatch.core.paste.imports import Upstream
from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.paste.siblings.merging import merge
from yolopatch.core.paste.sifting import Wanted
from yolopatch.errors import EXIT_USAGE, UsageError

PIN = "ultralytics-8.3.0"
HEAD = "import torch\nimport torch.nn as nn\n"
PARTS = f"""{HEAD}

class Inner(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc = nn.Conv2d(c, c, 1)

    def forward(self, x):
        return torch.sigmoid(self.fc(x))


print("a demo")
"""


def outer(imports: str, made: str = "Inner(channel)", more: str = "", base: str = "nn.Module") -> str:
    return (
        f"{HEAD}{imports}\n\n\nclass Outer({base}):\n"
        f"    def __init__(self, channel{more}):\n        super().__init__()\n"
        f"        self.inner = {made}\n\n    def forward(self, x):\n        return x * self.inner(x)\n"
    )


def read(text: str, name: str = "Outer.py") -> Pasted:
    return read_paste(text.encode(), name)


def fitted(paste: Pasted, packages: tuple[str, ...] = (), pin: str = PIN) -> Fitted:
    found = fit(paste, Wanted("Outer", packages=frozenset(packages)), Upstream.as_shipped(pin))
    compile(found.text, "own_outer.py", "exec")
    return found


OWN_FILES = {
    "from model.attention.Parts import Inner": "Parts.py",
    "from .util import Inner": "util.py",
    "from . import Inner": "Inner.py",
    "from ..layers.parts import Inner": "parts.py",
    "from utils.foo import Inner": "foo.py",
    "from models.extra import Inner": "extra.py",
    "from ultralytics.nn.modules.extra import Inner": "extra.py",
    "from layers import Inner": "layers.py",
    "from nets.attention import Inner": "attention.py",
    "from extra_modules.gate import Inner": "gate.py",
    "from GAM import Inner": "GAM.py",
    "from attention.gate import Inner": "gate.py",
    "from some.inner import Inner": "inner.py",
}


@pytest.mark.parametrize("line", OWN_FILES)
def test_a_file_of_the_posts_repository_is_asked_for(line):
    for pin in own_pins():
        with pytest.raises(UsageError) as caught:
            fitted(read(outer(line)), pin=pin)
        assert "a file of the post's own repository" in caught.value.what
        assert f"--with {OWN_FILES[line]}" in caught.value.hint
        assert "Inner(channel)" in caught.value.details[0]


STAGE = (
    f"{HEAD}{{imports}}\n\n\nclass Outer(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
    "        self.a = Conv(c, c, 1)\n        self.b = First(c)\n        self.c = Second(c)\n\n"
    "    def forward(self, x):\n        return x * self.c(self.b(self.a(x)))\n"
)
SEVERAL = {
    "two files": ("from .gates import First\nfrom .parts import Second\nfrom .conv import Conv",
                  "First of .gates and Second of .parts, a file", "--with gates.py --with parts.py;"),
    "two files as a whole": ("from .gates import *\nfrom .parts import *", "First and Second, which neither",
                             "--with gates.py --with parts.py;"),
    "a file that a fork changed, and another one": (
        "from .block import *\nfrom .parts import *\nfrom .conv import Conv",
        "parts.py or block.py of the post's own repository may", "--with parts.py --with block.py;"),
    "a file that a fork changed, by its package": (
        "from ultralytics.nn.modules.block import *", "block.py of the post's own repository may", "--with block.py;"),
    "names of a file that a fork changed": ("from .block import First, Second\nfrom .conv import Conv",
                                            "First and Second, which ", "--with block.py;"),
    "no file": ("", "First and Second, which neither the file nor", "write the imports of First and Second into"),
}  # fmt: skip


@pytest.mark.parametrize("case", SEVERAL)
def test_all_that_is_lacking_is_told_at_once(case):
    imports, said, hint = SEVERAL[case]
    with pytest.raises(UsageError) as caught:
        fitted(read(STAGE.format(imports=imports)))
    assert said in caught.value.what
    assert hint in caught.value.hint
    assert [line.rpartition(": ")[2] for line in caught.value.details] == ["self.b = First(c)", "self.c = Second(c)"]


def test_what_an_error_asks_for_is_enough():
    main = read(STAGE.format(imports="from .block import *\nfrom .parts import *"))
    of_conv = PARTS.replace("nn.Conv2d(c, c, 1)", "Conv(c, c)").replace(f"{HEAD}", f"{HEAD}from .conv import Conv\n")
    block = read(of_conv.replace("Inner", "First"), "block.py")
    found = fitted(merge(main, [block, read(PARTS.replace("Inner", "Second"), "parts.py")]))
    assert found.text.count("class ") == 3
    assert "from ultralytics.nn.modules.conv import Conv" in found.text


@pytest.mark.parametrize(
    ("line", "made", "package"),
    [
        ("from einops import rearrange", "rearrange(channel)", "einops"),
        ("from einops.layers.torch import Rearrange", "Rearrange(channel)", "einops"),
        ("from timm.models.layers import create_conv2d", "create_conv2d(channel)", "timm"),
        ("from mamba_ssm.ops.scan import selective_scan", "selective_scan(channel)", "mamba_ssm"),
        ("import pywt", "pywt.Wavelet(channel)", "pywt"),
        ("from torch_scatter import scatter", "scatter(channel)", "torch_scatter"),
        ("import triton", "triton.cdiv(channel, 2)", "triton"),
        ("import triton.language as tl", "tl.constexpr(channel)", "triton"),
    ],
)
def test_a_package_is_none(line, made, package):
    found = fitted(read(outer(line, made)))
    assert found.packages == (package,)
    assert line in found.text


def test_what_comes_with_python_torch_and_upstream_is_neither():
    lines = "import math\nfrom torchvision.ops import DeformConv2d\nfrom ultralytics.nn.modules import Conv\n"
    assert fitted(read(outer(lines, "nn.Sequential(DeformConv2d(channel, 1, 1), Conv(channel, 1))"))).packages == ()


def test_the_user_has_the_last_word_on_what_a_package_is(yolopatch, paste, own_catalog):
    file = paste(outer("import DCNv4", "DCNv4.Layer(channel)"), "Outer.py")
    ran = yolopatch("add", file)
    assert ran.code == EXIT_USAGE
    assert "--package DCNv4" in ran.err
    ran = yolopatch("add", file, "--package", "DCNv4", "--json")
    assert ran.code == 0, ran.err
    assert '"DCNv4"' in (own_catalog / "modules/Outer.json").read_text("utf-8")


TOGETHER: dict[str, tuple[str, dict[str, str]]] = {
    "a name": (outer("from model.attention.Parts import Inner"), {"Parts.py": PARTS}),
    "a name with another name": (outer("from .Parts import Inner as I", "I(channel)"), {"Parts.py": PARTS}),
    "the file": (outer("from model.attention import Parts", "Parts.Inner(channel)"), {"Parts.py": PARTS}),
    "the file with another name": (outer("import model.Parts as mp", "mp.Inner(channel)"), {"Parts.py": PARTS}),
    "everything": (outer("from .Parts import *"), {"Parts.py": PARTS}),
    "a name of the folder": (outer("from model.attention import Inner"), {"se.py": PARTS}),
    "a base": (
        f"{HEAD}from .Parts import Inner\n\n\nclass Outer(Inner):\n"
        "    def forward(self, x):\n        return x * self.fc(x)\n",
        {"Parts.py": PARTS},
    ),
    "files of files, given backwards": (
        outer("from .a import Inner"),
        {
            "a.py": f"{HEAD}from .b import Base\n\n\nclass Inner(Base):\n    pass\n",
            "b.py": PARTS.replace("Inner", "Base"),
        },
    ),
    "an import from the future": (
        f"from __future__ import annotations\n{outer('from .a import Inner')}",
        {"a.py": f"from __future__ import annotations\n{PARTS}"},
    ),
    "the same helper twice": (
        f"{outer('from .a import Inner')}\n\ndef pad(k):\n    return k // 2\n",
        {"a.py": f"{PARTS}\n\ndef pad(k):\n    return k // 2\n"},
    ),
    "a notebook and a page": (
        outer("from .a import Inner"),
        {"a.py": f"The parts:\n```python\n{PARTS}```\n"},
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_several_files_become_one(case):
    text, others = TOGETHER[case]
    merged = merge(read(text), [read(other, name) for name, other in others.items()])
    found = fitted(merged)
    assert found.packages == ()
    names = [node.name for node in ast.parse(found.text).body if isinstance(node, ast.ClassDef)]
    assert names[-1] == "Outer"
    assert len(names) == len({*names}) == len(others) + 1
    assert "print" not in found.text
    assert str(merged.place(merged.classes["Outer"].lineno)).startswith("Outer.py, line ")


def refused(text: str, **others: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        merge(read(text), [read(other, f"{name}.py") for name, other in others.items()])
    return caught.value


def test_a_name_that_the_other_file_does_not_have_is_refused():
    error = refused(outer("from .a import Inner"), a=PARTS.replace("Inner", "Other"))
    assert (error.what, error.details) == ("a.py has no Inner", ("found: Outer.py, line 3: from .a import Inner",))


def test_several_files_are_one_module(yolopatch, paste, own_catalog, need_pin, tmp_path):
    need_pin(PIN)
    file = paste(outer("from model.attention.Parts import Inner"), "Outer.py")
    other = tmp_path / "elsewhere" / "Parts.py"
    other.parent.mkdir()
    other.write_text(PARTS, "utf-8")
    assert yolopatch("add", file).code == EXIT_USAGE
    ran = yolopatch("add", file, "--with", other)
    assert ran.code == 0, ran.err
    assert "left out: line 14, it runs on import, in Parts.py" in ran.out
    assert "line 7 of Outer.py" in ran.out
    place = tmp_path / "ws"
    assert yolopatch("apply", "--repo", PIN, "--module", "Outer", "--dest", place).code == 0
    text = (place / "ultralytics/nn/modules/own_outer.py").read_text("utf-8")
    assert text.index("class Inner") < text.index("class Outer")
    again = yolopatch("add", place / "ultralytics/nn/modules/own_outer.py", "--class", "Outer", "--replace")
    assert again.code == 0, again.err


STAND_INS = {
    "ConvModule": (
        "from mmcv.cnn import ConvModule, build_norm_layer",
        "nn.Sequential(ConvModule(channel, channel, 3, padding=1, norm_cfg=dict(type='BN')),"
        " build_norm_layer(dict(type='BN'), channel)[1])",
    ),
    "BaseModule": ("from mmengine.model import BaseModule", "nn.Identity()"),
    "DepthwiseSeparableConvModule": (
        "from mmcv.cnn.bricks import DepthwiseSeparableConvModule",
        "DepthwiseSeparableConvModule(channel, channel, 3, padding=1)",
    ),
    "build_activation_layer": (
        "from mmcv.cnn import build_activation_layer",
        "build_activation_layer(dict(type='Swish'))",
    ),
    "Mlp": ("from timm.models.layers import Mlp, LayerNorm2d", "nn.Sequential(LayerNorm2d(channel), Mlp(16))"),
    "MODELS": ("from mmdet.registry import MODELS", "nn.Identity()"),
}


@pytest.mark.parametrize("case", STAND_INS)
def test_small_parts_of_packages_are_put_in_and_run(case):
    import torch

    line, made = STAND_INS[case]
    text = outer(line, made, base="BaseModule" if case == "BaseModule" else "nn.Module")
    if case == "MODELS":
        text = text.replace("class Outer", "@MODELS.register_module()\nclass Outer")
    found = fitted(read(text))
    assert found.packages == ()
    assert not {"mmcv", "mmengine", "mmdet", "timm"} & set(found.text.split())
    names: dict[str, Callable] = {}
    exec(compile(found.text, "own_outer.py", "exec"), names)
    made = names["Outer"](8)
    x = torch.randn(2, 8, 16, 16)
    assert made(x).shape == x.shape
    if case == "BaseModule":
        made.init_weights()


def test_a_convolution_of_mmcv_is_torchs_own():
    import torch

    text = outer(
        "from mmcv.cnn import ConvModule", "ConvModule(channel, channel, 3, norm_cfg=dict(type='BN'), act_cfg=None)"
    )
    names: dict[str, Callable] = {}
    exec(compile(fitted(read(text)).text, "own_outer.py", "exec"), names)
    layer = names["Outer"](4).inner.double().eval()
    x = torch.randn(1, 4, 6, 6, dtype=torch.float64)
    expected = torch.nn.functional.conv2d(x, layer.conv.weight) / (1 + 1e-5) ** 0.5
    assert layer.conv.bias is None
    assert torch.allclose(layer(x), expected)


DEAD = {
    "if dcn": (", dcn=False", "self.d = Gone(1) if dcn else None"),
    "if not plain": (", plain=True", "if not plain:\n            self.d = Gone(1)"),
    "if norm is not None": (", norm=None", "if norm is not None:\n            self.d = Gone(1)"),
    "if kind == 'dcn'": (", kind='conv'", "if kind == 'dcn':\n            self.d = Gone(1)"),
    "elif": (
        ", kind='conv', v=2",
        "if kind == 'conv' or v == 3:\n            self.d = 1\n        else:\n            self.d = Gone(1)",
    ),
}


@pytest.mark.parametrize("case", DEAD)
def test_what_only_a_branch_needs_that_is_never_taken_is_left_out(case):
    more, line = DEAD[case]
    text = outer("from mmcv.ops import Gone", f"nn.Identity()\n        {line}", more)
    found = fitted(read(text))
    assert found.packages == ()
    assert (3, 3, "needs mmcv") in found.left_out
    taken = text.replace("False", "True", 1).replace("=None", "=1").replace("'conv', v=2", "'dcn', v=2")
    taken = taken.replace("plain=True", "plain=False").replace("kind='conv')", "kind='dcn')")
    assert fitted(read(taken)).packages == ("mmcv",)


UNSET = {
    "a variable that is there": "if 'FAST' in os.environ:",
    "a variable that is not there": "if not ('FAST' not in os.environ):",
    "its value": "if os.environ.get('FAST', '0').lower() == 'on':",
    "its value as a number": "if int(os.getenv('FAST', '0')) and bias:",
    "no value": "if getenv('FAST'):",
    "one of several values": "if os.environ.get('FAST', 'torch') in ('dcn', 'cuda'):",
    "a constant of the file": "if FAST:",
    "a constant of the file that is made of it": "if IMPL == 'dcn':",
    "a name of the function": "fast = 'FAST' in os.environ\n    if fast and bias:",
}
SET = {
    "another value": "if os.environ.get('FAST', '1') == '1':",
    "a constant of the file": "if not FAST:",
    "a name with two values": "fast = False\n    fast = bias\n    if fast:",
    "an argument with the name of a constant": "if kind:",
}


def _chosen(line: str) -> str:
    return (
        f"{HEAD}import os\nfrom os import getenv\nFAST = bool(os.environ.get('FAST'))\nkind = False\n"
        f"IMPL = os.getenv('IMPL', 'torch')\n\n\ndef make(c, bias, kind=True):\n    {line}\n"
        "        from fast_kernels import FastConv\n        return FastConv(c, c)\n    return nn.Conv2d(c, c, 1)\n"
        f"{outer('', 'make(channel, True)').removeprefix(HEAD)}"
    )


@pytest.mark.parametrize("case", UNSET)
def test_what_only_a_variable_of_the_environment_asks_for_is_not_needed(case, monkeypatch):
    import torch

    monkeypatch.delenv("FAST", raising=False)
    found = fitted(read(_chosen(UNSET[case])))
    assert found.packages == ()
    assert UNSET[case] in found.text
    assert "from fast_kernels import FastConv" in found.text
    names: dict[str, type] = {}
    exec(compile(found.text, "own_outer.py", "exec"), names)
    assert names["Outer"](4)(torch.ones(1, 4, 2, 2)).shape == (1, 4, 2, 2)


@pytest.mark.parametrize("case", SET)
def test_what_may_be_taken_without_a_variable_of_the_environment_is_needed(case):
    assert fitted(read(_chosen(SET[case]))).packages == ("fast_kernels",)


@pytest.fixture
def with_a_missing_package(yolopatch, paste, own_catalog, need_pin, tmp_path):
    """Verify the build of a model in a workspace in which another module needs a package that is not there."""
    need_pin(PIN)
    assert (
        yolopatch("add", paste(outer("import no_such_package", "no_such_package.Layer(channel)"), "Outer.py")).code == 0
    )
    place = tmp_path / "ws"
    made = yolopatch("apply", "--repo", PIN, "--module", "Outer", "--module", "SPConv", "--dest", place)
    assert made.code == 0, made.err

    def verify(module: str):
        yolopatch("render-cfg", "--module", module, "--model", "yolo11", "--scale", "n", "--out", tmp_path)
        return yolopatch("verify", place, "--cfg", tmp_path / f"yolo11n-{module}.yaml", "--check", "build", "--json")

    return verify


@pytest.mark.more
def test_a_missing_package_breaks_no_other_model(with_a_missing_package):
    ran = with_a_missing_package("SPConv")
    assert ran.json["verdict"] == "pass", ran.out


@pytest.mark.slow
def test_a_missing_package_is_told_when_the_class_is_built(with_a_missing_package):
    found = with_a_missing_package("Outer").check("build")
    assert "Outer needs no_such_package, which this environment cannot import" in found["summary"]
    hint = "yolopatch add FILE.py --with no_such_package.py --replace, and apply the module again with --update"
    assert f"if no_such_package is another file of the post: {hint}; else install" in found["hint"]
    assert "the package that provides no_such_package" in found["hint"]


@pytest.mark.slow
def test_a_file_of_a_post_that_breaks_all_is_told_apart_from_upstreams_packages(with_a_missing_package, tmp_path):
    file = tmp_path / "ws/ultralytics/nn/modules/own_outer.py"
    parser = tmp_path / "ws/ultralytics/nn/tasks.py"
    parser.write_text(f"from ultralytics.nn.modules import own_outer\n{parser.read_text('utf-8')}", "utf-8")
    assert file.is_file()
    ran = with_a_missing_package("SPConv")
    assert "if no_such_package is another file of the post" in ran.err
    assert "upstream's requirements" not in ran.err


@pytest.mark.slow
def test_a_missing_package_is_no_fault_of_the_class(yolopatch, paste, own_catalog, need_pin):
    need_pin(PIN)
    file = paste(outer("import no_such_package", "no_such_package.Layer(channel)"), "Outer.py")
    ran = yolopatch("add", file, "--try", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["tried"]["state"] == "not built"
    assert "needs no_such_package" in ran.json["tried"]["why"]


V5 = """from models.common import Conv


class Outer(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, g=1, act=True):
        super().__init__()
        self.conv = {call}

    def forward(self, x):
        return self.conv(x)
"""
NEW = V5.replace("models.common", "ultralytics.nn.modules.conv")
OLD_PIN = "yolov5-pypi-6.1.0"
USUAL, NAMED = "Conv(c1, c2, k, s, None, g, act)", "Conv(c1, c2, k, s, None, g, act=act)"
BOTTLENECK, DEPTHWISE = V5.replace("Conv\n", "Bottleneck\n"), V5.replace("Conv\n", "DWConv\n")
BARE, RENAMED = V5.replace("from models.common import Conv\n", ""), V5.replace("import Conv", "import Conv as Basic")
TWO = "nn.Sequential(Conv(c1, c2, 1, 1, None, 1, act), Conv(\n            c2, c2, 3, 1, None, 1, act\n        ))"
CALLS = [
    (V5, USUAL, PIN, NAMED),
    (V5, "Conv(c1, c2, 1, 1, None, 1, False)", PIN, "Conv(c1, c2, 1, 1, None, 1, act=False)"),
    (V5, "Conv(c1, c2, 1, 1, 0, 1, nn.ReLU())", PIN, "Conv(c1, c2, 1, 1, 0, 1, act=nn.ReLU())"),
    (V5, USUAL, OLD_PIN, None),
    (V5, "Conv(c1, c2, k, s, g=g, act=act)", PIN, None),
    (BOTTLENECK, "Bottleneck(c1, c2, True, g, 1.0)", PIN, "Bottleneck(c1, c2, True, g, e=1.0)"),
    (DEPTHWISE, "DWConv(c1, c2, k, s, act)", PIN, "DWConv(c1, c2, k, s, act=act)"),
    (NEW, "Conv(c1, c2, k, s, None, g, 1, act)", OLD_PIN, NAMED),
    (NEW, "Conv(c1, c2, 3, act=act)", OLD_PIN, None),
    (BARE, USUAL, PIN, NAMED),
    (RENAMED, USUAL.replace("Conv", "Basic"), PIN, NAMED.replace("Conv", "Basic")),
    (V5, TWO, PIN, TWO.replace(", act)", ", act=act)").replace(", act\n", ", act=act\n")),
]


@pytest.mark.parametrize(("text", "call", "pin", "expected"), CALLS)
def test_upstreams_classes_get_their_arguments_as_the_pin_has_them(text, call, pin, expected):
    found = fitted(read(HEAD + text.format(call=call)), pin=pin)
    assert f"self.conv = {expected or call}\n" in found.text
    assert bool(found.renamed) is bool(expected)


def test_a_base_of_upstreams_is_called_as_the_pin_has_it():
    text = (
        f"{HEAD}from models.common import Conv\n\n\nclass Outer(Conv):\n"
        "    def __init__(self, c1, c2, k=1, s=1, act=True):\n        super().__init__(c1, c2, k, s, None, 1, act)\n"
    )
    assert "super().__init__(c1, c2, k, s, None, 1, act=act)" in fitted(read(text)).text


@pytest.mark.parametrize(
    ("text", "call", "pin", "said"),
    [
        (NEW, "Conv(c1, c2, 3, 1, None, 1, 2)", OLD_PIN, "it gives Conv d=2, which it does not have"),
        (NEW, "Conv(c1, c2, k, d=2)", OLD_PIN, "it gives Conv d=2, which it does not have"),
        (
            NEW.replace("Conv\n", "Bottleneck\n").replace(".conv", ".block"),
            "Bottleneck(c1, c2, True, g, k=((3, 3), (3, 3)), e=1.0)",
            OLD_PIN,
            "it gives Bottleneck k=((3, 3), (3, 3)), which it does not have",
        ),
        (NEW, "Conv(c1, c2, heads=4)", PIN, "it gives Conv heads=, which it does not have"),
    ],
)
def test_a_call_that_a_pin_cannot_take_refuses_the_pin_with_the_line(text, call, pin, said):
    with pytest.raises(UsageError) as caught:
        fitted(read(HEAD + text.format(call=call)), pin=pin)
    assert said in caught.value.what
    assert "line 9" in caught.value.details[1]


def test_the_interfaces_are_those_of_the_pins(cache, need_pin):
    from yolopatch.catalog.pins import PINS
    from yolopatch.maintain.interfaces import interface_of, pin_texts

    need_pin(OLD_PIN)
    assert interface_of(PINS[OLD_PIN], pin_texts(PINS[OLD_PIN])) == interface(OLD_PIN)


def test_the_line_that_needs_a_name_is_code_and_no_docstring(yolopatch, paste):
    code = outer("", "Inner(channel)").replace(
        "class Outer(nn.Module):", 'class Outer(nn.Module):\n    """Around an Inner."""\n'
    )
    ran = yolopatch("add", paste(code, "Outer.py"))
    assert "it needs Inner, which neither the file nor" in ran.err
    assert "Inner(channel)" in next(line for line in ran.err.splitlines() if "found: " in line)
