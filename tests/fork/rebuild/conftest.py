"""A fork of 8.3.0 with a module, a head, a changed block and a backbone, and what is rebuilt of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import pytest

from yolopatch.core.edits import Edit, NewFile, splice
from yolopatch.core.fork.rebuild.rebuild import rebuild
from yolopatch.core.fork.rebuild.result import Rebuilt

TASKS, BLOCK = "ultralytics/nn/tasks.py", "ultralytics/nn/modules/block.py"
EXTRA = "ultralytics/nn/extra/parts.py"
IMPORTS = "from ultralytics.utils import DEFAULT_CFG_DICT"
FIRST = "        elif m is AIFI:\n"

PARTS = '''import mmcv
import torch
import torch.nn as nn
from ..modules.conv import *
from ultralytics.nn.modules.block import C2f

__all__ = ["Gate", "Detect_Own", "Unused", "Trunk", "tiny_trunk"]


def scaled(x):
    return x * 2


class Gate(nn.Module):
    """A gate."""

    def __init__(self, c, k=3):
        super().__init__()
        self.cv = Conv(c, c, k)

    def forward(self, x):
        return scaled(x) * self.cv(x)


class Unused(nn.Module):
    layer = mmcv.ops


class Detect_Own(nn.Module):
    stride = None

    def __init__(self, nc=80, ch=()):
        super().__init__()
        self.nc, self.nl = nc, len(ch)


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.channel = [8, 16, 32, 64]


def tiny_trunk(*args):
    return Trunk()
'''

BRANCHES = """        elif m in {Gate}:
            c2 = ch[f]
            args = [c2, *args]  # as every attention of the kit
        elif m is Detect_Own or m in (Detect, Detect_Own):
            args.append([ch[x] for x in f])
        elif m in {tiny_trunk}:
            m = m(*args)
            c2 = m.channel
"""

CFG = """nc: 80
scales:
  n: [0.50, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]  # 0
  - [-1, 1, Gate, [5]]  # 1
  - [-1, 2, C2f, [128, True]]
head:
  - [[1, 2], 1, Detect_Own, [nc]]
"""


@pytest.fixture(scope="session")
def package(pristine_tree) -> Callable[[str], dict[str, bytes]]:
    """Give the Python files and YAMLs of a pin's package, by path; they are read once."""

    @lru_cache
    def read(pin: str) -> dict[str, bytes]:
        tree = pristine_tree(pin)
        paths = (path for path in (tree / "ultralytics").rglob("*") if path.suffix in (".py", ".yaml"))
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in sorted(paths)}

    return lambda pin: dict(read(pin))


@pytest.fixture
def files(package) -> dict[str, bytes]:
    """Give the files of the fork."""
    found = package("ultralytics-8.3.0")
    found[EXTRA] = PARTS.encode()
    found["ultralytics/nn/extra/__init__.py"] = b"from .parts import *\n"
    text = found[TASKS].decode()
    text = text.replace(IMPORTS, f"from ultralytics.nn.extra import *\n{IMPORTS}", 1)
    found[TASKS] = text.replace(FIRST, BRANCHES + FIRST, 1).encode()
    return found


@pytest.fixture
def remade(package, fork, files) -> Callable[..., Rebuilt]:
    """Rebuild the fork, with other texts in its files and another YAML if they are given."""

    def make(cfg: str = CFG, edits: Mapping[str, tuple[str, str]] | None = None, base: str = "ultralytics-8.3.0"):
        for path, (old, new) in (edits or {}).items():
            assert old in files[path].decode()
            files[path] = files[path].decode().replace(old, new, 1).encode()
        return rebuild("OwnYOLO", package(base), fork(files), {"own.yaml": cfg})

    return make


@pytest.fixture
def tree_of(package) -> Callable[..., dict[str, str]]:
    """Give the texts of a release with a rebuilt fork, where it changes them."""

    def make(rebuilt: Rebuilt, base: str = "ultralytics-8.3.0") -> dict[str, str]:
        found = {one.path: one.text for one in rebuilt.changes if isinstance(one, NewFile)}
        edits = [one for one in rebuilt.changes if isinstance(one, Edit)]
        for path in {edit.path for edit in edits}:
            ours = sorted((edit for edit in edits if edit.path == path), key=lambda edit: edit.at)
            found[path] = splice(package(base)[path].decode(), ours)
        for path, text in found.items():
            if path.endswith(".py"):
                compile(text, path, "exec")
        return found

    return make
