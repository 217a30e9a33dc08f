"""Pasted files from strangers: `add` reads them, and never runs them."""

from __future__ import annotations

from hostile import CANARY, Hostile, changed_forms, try_all
from lab import ROOT, Lab
from tally import Tally

_HEAD = b"import torch\nimport torch.nn as nn\n"
_CLASS = b"class MyConv(nn.Module):\n    def __init__(self, c1, c2, k=3, s=1):\n        super().__init__()\n"
_WHOLE = (
    _HEAD
    + _CLASS
    + b"        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)\n    def forward(self, x):\n        return self.conv(x)\n"
)
_CODE = f"open({CANARY!r}, 'w')".encode()
_SHAPES = {
    "code at its end": _WHOLE + _CODE + b"\n",
    "code in a decorator": _WHOLE.replace(b"class", b"@" + _CODE + b"\nclass", 1),
    "code in a default": _WHOLE.replace(b"k=3", b"k=" + _CODE),
    "code in a base": _WHOLE.replace(b"(nn.Module)", b"(nn.Module, " + _CODE + b")"),
    "code in a keyword of the class": _WHOLE.replace(b"(nn.Module)", b"(nn.Module, metaclass=" + _CODE + b")"),
    "code in an f-string": _WHOLE + b"x = f'{" + _CODE.replace(b"'", b'"') + b"}'\n",
    "code in a class variable": _WHOLE.replace(b"    def __init__", b"    x = " + _CODE + b"\n    def __init__"),
    "a name of code": _WHOLE.replace(b"MyConv", b"MyConv\xe2\x80\xae"),
    "a long chain of operators": _WHOLE.replace(b"self.conv(x)", b"x" + b" + x" * 3000),
    "a long chain of attributes": _WHOLE.replace(b"self.conv(x)", b"x" + b".a" * 3000),
    "a long chain of calls": _WHOLE.replace(b"self.conv(x)", b"x" + b".f()" * 3000),
    "a long chain of elif": _WHOLE + b"if 1:\n    a = 1\n" + b"elif 2:\n    a = 2\n" * 3000,
    "brackets": _WHOLE + b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
    "lists in lists": _WHOLE + b"x = " + b"[" * 190 + b"]" * 190 + b"\n",
    "functions in functions": _WHOLE + b"".join(b" " * n + b"def f():\n" for n in range(99)) + b" " * 99 + b"pass\n",
    "a huge number": _WHOLE + b"x = " + b"9" * 10**5 + b"\n",
    "a power": _WHOLE.replace(b"k=3", b"k=9**9**9"),
    "a text of a megabyte": _WHOLE + b"x = '" + b"y" * 10**6 + b"'\n",
    "many classes": _HEAD + b"".join((_CLASS + b"        pass\n").replace(b"MyConv", b"C%d" % n) for n in range(1500)),
    "a class that is its own base": _WHOLE.replace(b"(nn.Module)", b"(MyConv)"),
    "bases in a circle": _HEAD + b"class A(B):\n    pass\nclass B(A):\n    pass\n",
    "a null byte": _WHOLE + b"\0",
    "an unknown encoding": b"# -*- coding: nonsense -*-\n" + _WHOLE,
    "an encoding that is code": b"# -*- coding: unicode_escape -*-\n#\\n" + _CODE + b"\n" + _WHOLE,
    "a mark of the byte order": b"\xef\xbb\xbf" + _WHOLE,
    "UTF-16": _WHOLE.decode().encode("utf-16"),
    "bytes of no encoding": _WHOLE + b"# \xff\xfe\n",
    "nothing": b"",
    "a page": b"<html><body>" + _WHOLE,
    "tabs and spaces": _WHOLE.replace(b"        self", b"\tself"),
    "line ends of three kinds": _WHOLE.replace(b"\n", b"\r\n", 3).replace(b"\n", b"\r", 1),
    "control characters": _WHOLE.replace(b"import torch\n", b"import torch # \x1b]0;x\x07\x1b[2J\n"),
    "a star import": b"from os import *\n" + _WHOLE,
    "an import from above": b"from .... import x\n" + _WHOLE,
}
_RANDOM = 120


def pasted(lab: Lab, tally: Tally) -> None:
    """Let `add` read hostile files."""
    real = [file.read_bytes() for file in sorted((ROOT / "tests/add/pasted").glob("*.py"))]
    cases = [_case(name, data) for name, data in _SHAPES.items()]
    cases += changed_forms("a changed file", tally.budget.seed, _RANDOM, [*real, _WHOLE], _case)
    try_all(lab, tally, cases)


def _case(name: str, data: bytes) -> Hostile:
    return Hostile(name, ("add", "MyConv.py", "--name", "MyOwnConv"), {"MyConv.py": data}, makes=("catalog",))
