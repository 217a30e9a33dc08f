"""Folded files: equal where only line ends, formatting, comments and docstrings differ, and nowhere else."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from yolopatch.core.fork.folding import fold, fold_file
from yolopatch.core.fork.index import definition_ids

CODE = '''"""Blocks of a model."""
import math
import torch
from torch import nn
from .conv import Conv, autopad

class Block(nn.Module):
    """A block."""

    def __init__(self, c1, c2, k=3, *, act=True):
        super().__init__()
        self.cv = Conv(c1, c2, k)  # the convolution
        self.names = {"a": 1, **{}}
        del c1, c2

    def forward(self, x):
        if not self.training:
            return self.cv(x[:, 1:]) + 1e-05
        print(f"shape {x.shape} is " f"kept: {len(x)!r:>{4}}")
        return "plain"
'''

SAME = {
    "line ends of Windows": ("import math", "import math\r"),
    "line ends of old Macs": ("\n", "\r"),
    "a mark of the byte order": ('"""Blocks', '\ufeff"""Blocks'),
    "quotes": ('{"a": 1', "{'a': 1"),
    "a string's prefix": ('"a"', 'u"a"'),
    "a trailing comma, and lines": (
        "Conv(c1, c2, k)",
        "Conv(\n            c1,\n            c2,\n            k,\n        )",
    ),
    "parentheses": ("return self.cv(x[:, 1:]) + 1e-05", "return (self.cv(x[:, 1:]) + 1E-5)"),
    "parentheses of del": ("del c1, c2", "del (c1, c2)"),
    "the order of imports": (
        "import math\nimport torch\nfrom torch import nn\n",
        "from torch import nn\nimport torch, math\n",
    ),
    "imports on lines of their own": ("import Conv, autopad", "import autopad\nfrom .conv import Conv"),
    "an import twice": ("import math\n", "import math\nimport math\n"),
    "a comment": ("# the convolution", "# \u5377\u79ef"),
    "a translated docstring": ('"""A block."""', '"""\u4e00\u4e2a\u6a21\u5757\u3002"""'),
    "no docstring": ('    """A block."""\n', ""),
    "a text in place of a comment": (
        "        del c1, c2\n",
        '        """\n        self.old = 1\n        """\n        del c1, c2\n',
    ),
    "an idle pass": ("del c1, c2", "pass; del c1, c2"),
    "indentation": (CODE, CODE.replace("    ", "  ")),
    "an f-string without a value": ('"plain"', 'f"plain"'),
    "another split of a text": ('is " f"kept', "is kept"),
    "empty lines": ("class Block", "\n\n\nclass Block"),
    "empty parentheses": ("class Block(nn.Module):", "class Block(nn.Module, ):"),
}


@pytest.mark.parametrize("name", SAME)
def test_a_difference_without_effect_is_none(name):
    old, new = SAME[name]
    assert old in CODE
    assert fold("a/block.py", CODE.replace(old, new)) == fold("a/block.py", CODE)


OTHER = {
    "a number": ("k=3", "k=5"),
    "a text": ('"plain"', '"Plain"'),
    "a number that is a text": ('"plain"', "1"),
    "true for one": ("act=True", "act=1"),
    "an operator": ("+ 1e-05", "- 1e-05"),
    "a name": ("self.cv(x", "self.cv2(x"),
    "no default": (", act=True", ", act"),
    "a keyword alone": ("k=3, *, act", "k=3, act"),
    "a default": ("k=3", "k=None"),
    "a call": ("super().__init__()", "super(Block, self).__init__()"),
    "the order of statements": ("        return self.cv(x[:, 1:]) + 1e-05\n        print", "        print"),
    "an import": ("import Conv, autopad", "import Conv"),
    "another module": ("from .conv", "from ..conv"),
    "another name of an import": ("import torch\n", "import torch as t\n"),
    "a base": ("nn.Module", "nn.Sequential"),
    "the key of a dict": ('{"a": 1', '{"b": 1'),
    "the conversion of a value": ("!r:", "!s:"),
    "the form of a value": ("{4}", "{5}"),
    "a slice": ("x[:, 1:]", "x[:, :1]"),
    "a decorator": ("    def forward", "    @torch.no_grad()\n    def forward"),
    "a method's kind": ("    def forward", "    async def forward"),
    "an annotation": ("def forward(self, x):", "def forward(self, x: torch.Tensor):"),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_difference_with_an_effect_stays_one(name):
    old, new = OTHER[name]
    assert old in CODE
    assert fold("a/block.py", CODE.replace(old, new)) != fold("a/block.py", CODE)


YAML = "# a model\nnc: 80 # classes\nscales:\n  n: [0.33, 0.25]\nbackbone:\n  - [-1, 1, Conv, [64, 3]]\n"


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        (YAML.replace("# a model\n", ""), True),
        (YAML.replace("[0.33, 0.25]", "\n  - 0.33\n  - 0.25"), True),
        (YAML.replace("nc: 80 # classes\n", "") + "nc: 80\n", True),
        (YAML.replace("Conv", "'Conv'").replace("\n", "\r\n"), True),
        (YAML.replace("80", "'80'"), False),
        (YAML.replace("[64, 3]", "[3, 64]"), False),
        (YAML + "nc2: 80\n", False),
    ],
)
def test_a_yaml_is_its_values(text, is_same):
    assert (fold("m.yaml", text) == fold("m.yaml", YAML)) is is_same


@pytest.mark.parametrize("name", ["a.py", "a.yaml", "a.md"])
def test_what_cannot_be_read_is_its_lines(name):
    text = "def f(:\n\tx: [\n"
    assert fold(name, text) == fold(name, text.replace("\n", "\r\n")) == text.strip("\n")


def test_content_that_is_no_text_is_its_bytes():
    picture = b"\x89PNG\r\n\x1a\n\0\0"
    assert fold_file("a.png", picture) != fold_file("a.png", picture.replace(b"\r\n", b"\n"))


def test_a_file_in_its_own_encoding():
    text = "# -*- coding: gbk -*-\nx = '\u5377'  # \u5377\u79ef\n"
    assert fold_file("a.py", text.encode("gbk")) == fold("a.py", "x = '\u5377'")


def test_a_file_of_another_encoding_than_it_says_is_its_bytes():
    assert fold_file("a.py", "x = 1  # \u5377".encode("gbk")) != fold("a.py", "x = 1")


def test_code_too_deep_to_read_is_its_lines():
    text = "x = " + "(" * 5000 + ")" * 5000 + "\n"
    assert fold("a.py", text) == text.strip()


def test_definitions_are_told_by_name():
    text = (
        "try:\n    import x\nexcept ImportError:\n    def f(): pass\n"
        "class A:\n    @property\n    def p(self): return 1\n    @p.setter\n    def p(self, v): pass\n"
    )
    before = definition_ids("a.py", text.encode())
    after = definition_ids("a.py", text.replace("v): pass", "v): self.v = v").encode())
    assert list(before) == ["f", "A", "A.p"]
    assert {name for name in before if before[name] != after[name]} == {"A", "A.p"}


def test_a_formatter_changes_nothing_of_a_release(pristine_tree, tmp_path):
    tree = pristine_tree("ultralytics-8.3.0") / "ultralytics" / "nn"
    files = sorted(tree.rglob("*.py"))
    for file in files:
        copy = tmp_path / file.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    ruff = [sys.executable, "-m", "ruff"]
    style = ["--isolated", "--line-length", "60"]
    quotes = ["--config", "format.quote-style = 'single'", "--config", "indent-width = 2"]
    subprocess.run([*ruff, "format", *style, *quotes, str(tmp_path)], check=True, capture_output=True)
    subprocess.run([*ruff, "check", *style, "--select", "I", "--fix", str(tmp_path)], check=True, capture_output=True)
    formatted = [(tmp_path / file.relative_to(tree)).read_bytes() for file in files]
    assert [file.name for file, data in zip(files, formatted) if data == file.read_bytes()] == []
    assert [
        f.name for f, data in zip(files, formatted) if fold_file(f.name, data) != fold_file(f.name, f.read_bytes())
    ] == []


def test_the_folded_form_is_the_same_on_every_python(pristine_tree):
    """Index ids are kept: this digest was the same on Python 3.10, 3.11, 3.12 and 3.13."""
    package = pristine_tree("ultralytics-8.3.0") / "ultralytics"
    found = hashlib.sha256()
    for file in (package / "cfg" / "default.yaml", *sorted((package / "nn").rglob("*.py"))):
        if "__pycache__" not in file.parts:
            found.update(fold_file(file.name, file.read_bytes()).encode("utf-8", "surrogatepass"))
    assert found.hexdigest()[:16] == "7e488f03e43b42a0"
