"""A fork of a pin, made here: a block of its own, a hidden gain of the loss, another threshold, and leftovers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

PIN = "ultralytics-8.3.0"
_BLOCK = '''"""Blocks of ours."""

import torch.nn as nn

from ultralytics.nn.modules.conv import Conv


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.cv = Conv(c, c, 1)

    def forward(self, x):
        return x * self.cv(x).sigmoid()


class GatedConv(nn.Module):
    def __init__(self, c1, c2, k=3, s=2):
        super().__init__()
        self.cv = Conv(c1, c2, k, s)
        self.gate = Gate(c2)

    def forward(self, x):
        return self.gate(self.cv(x))


class Unused(nn.Module):
    pass
'''
_YAML = """nc: 3
scales:
  n: [0.50, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, GatedConv, [128, 3, 2]]
  - [-1, 1, GatedConv, [256, 3, 2]]
head:
  - [[1, 2], 1, Detect, [nc]]
"""


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, (file, old)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="session")
def self_made(pristine_tree, shared) -> Path:
    """The folder of the fork; read it only."""
    place = shared / "forks" / "Gated-YOLO"
    place.parent.mkdir(exist_ok=True)
    with FileLock(place.with_name("lock")):  # of several workers the first one makes it
        if not place.exists():
            _make(pristine_tree(PIN), place)
    return place


def _make(pristine: Path, place: Path) -> None:
    part = place.with_name("part")
    package = part / "ultralytics"
    shutil.copytree(pristine / "ultralytics", package, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    (package / "nn/modules/gated.py").write_text(_BLOCK)
    (package / "cfg/models/11/yolo11-gated.yaml").write_text(_YAML)
    tasks = package / "nn/tasks.py"
    imports = "from ultralytics.utils import"
    _replace(tasks, imports, f"from ultralytics.nn.modules.gated import GatedConv\n{imports}")
    _replace(tasks, "            C3k2,\n", "            C3k2,\n            GatedConv,\n")
    _replace(package / "cfg/default.yaml", "box: 7.5", "box: 9.0")
    (package / "utils/metrics.py").write_bytes((package / "utils/metrics.py").read_bytes().replace(b"\n", b"\r\n"))
    (part / "train.py").write_text("from ultralytics import YOLO\nYOLO('yolo11n-gated.yaml').train(data='x.yaml')\n")
    (part / "README.md").write_text("# Gated-YOLO\n")
    part.rename(place)


@pytest.fixture
def copied(self_made, tmp_path) -> Callable[[], Path]:
    """Give a copy of the fork that a test may change."""
    return lambda: Path(shutil.copytree(self_made, tmp_path / "Gated-YOLO"))
