"""Two files of a post may mean different things by one name: each keeps its own in the file that they become."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest
import torch

from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.paste.siblings.merging import merge
from yolopatch.errors import UsageError

HEAD = "import torch\nimport torch.nn as nn\n"
LAYER = """

class {name}(nn.Module):
    def __init__(self, c):
        super().__init__()
        {made}

    def forward(self, x):
        return {result}
"""


def layer(name: str, result: str, made: str = "pass") -> str:
    return LAYER.format(name=name, result=result, made=made)


def scale(factor: int) -> str:
    return f"\n\ndef scale(x):\n    return x * {factor}\n"


OUTER = f"{HEAD}from .parts import Inner{scale(2)}{layer('Outer', 'scale(self.inner(x))', 'self.inner = Inner(c)')}"
INNER = layer("Inner", "scale(x)")


def merged(main: str, **others: str) -> Pasted:
    files = [read_paste(text.encode(), f"{name}.py") for name, text in others.items()]
    return merge(read_paste(main.encode(), "Outer.py"), files)


def run(paste: Pasted) -> float:
    names: dict[str, Callable[..., Any]] = {}
    exec(compile(paste.text, "merged.py", "exec"), names)
    return float(names["Outer"](1)(torch.ones(1)))


WAYS = {
    "both define it": (OUTER, {"parts": f"{HEAD}{scale(5)}{INNER}"}, 10),
    "one imports it": (
        OUTER.replace("def scale", "from math import exp as scale\ndef scale"),
        {"parts": f"{HEAD}from torch import neg as scale\n{INNER}"},
        -2,
    ),
    "a file between hands it on": (
        OUTER,
        {"parts": f"{HEAD}from .low import scale\n{INNER}", "low": f"{HEAD}{scale(5)}"},
        10,
    ),
    "everything of a file is imported": (
        OUTER,
        {"parts": f"{HEAD}from .low import *\n{INNER}", "low": f"{HEAD}{scale(5)}"},
        10,
    ),
    "a file is used by its name": (
        OUTER,
        {"parts": f"{HEAD}from . import low\n{INNER.replace('scale', 'low.scale')}", "low": f"{HEAD}{scale(5)}"},
        10,
    ),
    "it has another name where it is imported": (
        OUTER,
        {"parts": f"{HEAD}from .low import scale as s\n{INNER.replace('scale', 's')}", "low": f"{HEAD}{scale(5)}"},
        10,
    ),
    "the same words that use another helper": (
        f"{HEAD}from .parts import Inner\nK = 2{scale(0).replace('0', 'K')}"
        f"{layer('Outer', 'scale(self.inner(x))', 'self.inner = Inner(c)')}",
        {"parts": f"{HEAD}K = 5{scale(0).replace('0', 'K')}{INNER}"},
        10,
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_each_file_keeps_its_own_meaning_of_a_name(case):
    main, others, value = WAYS[case]
    paste = merged(main, **others)
    assert run(paste) == value
    assert paste.renamed
    names = [node.name for node in paste.tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert len(names) == len({*names})


def test_what_is_changed_is_said_with_the_line():
    (renamed,) = merged(OUTER, parts=f"{HEAD}{scale(5)}{INNER}").renamed
    assert renamed == ("parts.py", 5, "scale", "scale_parts", "Outer.py")


IMPORTS = [
    ("import torch", "import torch.autograd"),
    ("import torch.nn as nn", "from torch import nn"),
    ("import torch.nn.functional as F", "from torch.nn import functional as F"),
    ("from timm.layers import DropPath", "from timm.models.layers import DropPath"),
]


@pytest.mark.parametrize(("one", "other"), IMPORTS)
def test_two_ways_to_import_the_same_are_one_meaning(one, other):
    use = ", ".join(("nn", "F", "DropPath") if "DropPath" in one else ("nn",))
    paste = merged(
        f"{HEAD}{one}\nfrom .parts import Inner\n{layer('Outer', 'self.inner(x)', 'self.inner = Inner(c)')}",
        parts=f"{HEAD}{other}\n{layer('Inner', 'x', f'self.used = lambda: ({use})')}",
    )
    assert paste.renamed == ()


def test_a_name_that_no_class_needs_stands_in_nobodys_way():
    paste = merged(OUTER, parts=f"{HEAD}{layer('Inner', 'x')}\n\n# another demo\ndef scale(x):\n    return 0\n")
    assert run(paste) == 2
    assert paste.renamed == ()
    assert "another demo" not in paste.text


@pytest.mark.parametrize(
    "line",
    [
        "x = globals()['scale'](x)",
        "x = (lambda scale: scale(x))(abs)",
        "global scale",
    ],
)
def test_a_name_that_is_more_than_a_name_is_refused_with_both_places(line):
    parts = f"{HEAD}{scale(5)}{INNER}".replace("        return", f"        {line}\n        return")
    with pytest.raises(UsageError) as caught:
        merged(OUTER, parts=parts)
    assert caught.value.what == "scale means one thing in Outer.py and another in parts.py"
    assert caught.value.details == ("found: Outer.py, line 5: def scale(x):", "found: parts.py, line 5: def scale(x):")


def test_a_class_of_upstreams_is_not_the_one_that_another_file_defines():
    main = f"{HEAD}from .parts import Inner\nfrom ultralytics.nn.modules import Conv\n"
    own = layer("Outer", "self.inner(x)", "self.inner = nn.Sequential(Conv(c, c), Inner(c))")
    parts = f"{HEAD}{layer('Conv', 'x + 3')}{layer('Inner', 'self.conv(x)', 'self.conv = Conv(c)')}"
    paste = merged(main + own, parts=parts)
    assert "class Conv_parts(nn.Module)" in paste.text
    assert "self.conv = Conv_parts(c)" in paste.text
    assert "nn.Sequential(Conv(c, c), Inner(c))" in paste.text


def test_a_fallback_for_an_import_is_not_another_meaning():
    main = f"{HEAD}try:\n    from .parts import Inner\nexcept ImportError:\n    Inner = None\n"
    paste = merged(
        f"{main}{layer('Outer', 'self.inner(x)', 'self.inner = Inner(c)')}", parts=f"{HEAD}{layer('Inner', 'x + 1')}"
    )
    assert run(paste) == 2
