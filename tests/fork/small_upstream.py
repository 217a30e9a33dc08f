"""A small upstream of our own, in the form of ultralytics: forks of it are built in a second."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from yolopatch.outside.probe.fork import known
from yolopatch.outside.probe.launch import sealed_launch
from yolopatch.outside.probe.process import PROBE
from yolopatch.wire.codec import decode, encode
from yolopatch.wire.fork.models import Built, ForkModelRequest, Unbuilt

MODULES = """
import torch
import torch.nn as nn


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Concat(nn.Module):
    def forward(self, x):
        return torch.cat(x, 1)


class Detect(nn.Module):
    def __init__(self, nc=80, ch=()):
        super().__init__()
        self.cv = nn.ModuleList(nn.Conv2d(c, nc, 1) for c in ch)

    def forward(self, x):
        return [cv(one) for cv, one in zip(self.cv, x)]
"""
TASKS = """
import torch
import torch.nn as nn
from ultralytics.nn.modules import Concat, Conv, Detect


class DetectionModel(nn.Module):
    def __init__(self, cfg, ch=3, nc=None, verbose=True):
        super().__init__()
        self.yaml = cfg
        self.model, self.save = parse_model(cfg, ch)
        self.stride = torch.tensor([32.0])
        self(torch.zeros(1, ch, 64, 64))

    def forward(self, x):
        return self._predict_once(x)

    def _predict_once(self, x):
        y = []
        for m in self.model:
            if m.f != -1:
                x = y[m.f] if isinstance(m.f, int) else [x if j == -1 else y[j] for j in m.f]
            x = m(x)
            y.append(x if m.i in self.save else None)
        return x


def parse_model(d, ch, verbose=True):
    nc, ch = d["nc"], [ch]
    layers, save = [], []
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = globals()[m]
        if m in {Conv}:
            c2 = args[0]
            args = [ch[f], c2, *args[1:]]
        elif m is Concat:
            c2 = sum(ch[j] for j in f)
        elif m is Detect:
            args = [nc, [ch[j] for j in f]]
        m_ = m(*args)
        m_.i, m_.f, m_.type = i, f, str(m)[8:-2]
        save.extend(j for j in ([f] if isinstance(f, int) else f) if j != -1)
        layers.append(m_)
        if i == 0:
            ch = []
        ch.append(c2)
    return nn.Sequential(*layers), save


def guess_model_scale(path):
    return ""


def guess_model_task(data):
    return "detect"
"""
CFG = """
nc: 3
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 1, 1]]
head:
  - [[-1, 1], 1, Concat, []]
  - [[3], 1, Detect, []]
"""
FILES = {
    "ultralytics/__init__.py": "__version__ = '8.2.50'\n",
    "ultralytics/cfg/__init__.py": "",
    "ultralytics/nn/__init__.py": "",
    "ultralytics/nn/modules.py": MODULES,
    "ultralytics/nn/tasks.py": TASKS,
    "ultralytics/utils/__init__.py": "",
    "ultralytics/utils/torch_utils.py": "import torch\n",
}


def changed(**by_file: tuple[str, str]) -> dict[str, str]:
    """Return the files of a fork that replaces a text in a file of `nn/`: `modules=("relu", "sigmoid")`."""
    files = dict(FILES)
    for name, (old, new) in by_file.items():
        path = f"ultralytics/nn/{name}.py"
        assert old in files[path], old
        files[path] = files[path].replace(old, new)
    return files


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a tree and return its folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


# Imports the probe once, and forks: each fork of upstream is imported in a process of its own.
_BUILD_ALL = """
import json, os, runpy, sys
probe, asked = sys.argv[1:]
runpy.run_path(probe, run_name="registered")["register"]()
from yolopatch_child.probe.fork.model import describe
from yolopatch_child.wire.codec import decode, encode
from yolopatch_child.wire.fork.models import ForkModelRequest
for name, data in json.load(open(asked)).items():
    def emit(message):
        with open(name + ".json", "a") as stream:
            stream.write(json.dumps([type(message).__name__, encode(message)]) + "\\n")
    if os.fork() == 0:
        os.setsid()
        describe(decode(ForkModelRequest, data), emit)
        os._exit(0)
    os.wait()
"""


def build_all(folder: Path, forks: Mapping[str, Mapping[str, str]]) -> dict[str, Built | Unbuilt]:
    """Return what the probe says of each fork, by its name; a file `cfg` is its YAML.

    The folder is made, unless another worker has made it.
    """
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            _build_all(folder, forks)
    return {name: _answer(folder / "process" / f"{name}.json") for name in forks}


def _build_all(folder: Path, forks: Mapping[str, Mapping[str, str]]) -> None:
    asked = {}
    for name, files in forks.items():
        tree = write(folder / "trees" / name, {path: text for path, text in files.items() if path != "cfg"})
        cfg = folder / "trees" / f"{name}.yaml"
        cfg.write_text(files.get("cfg", CFG))
        asked[name] = encode(ForkModelRequest(str(tree), "ultralytics", str(cfg), "", 64))
    place = folder / "process"
    place.mkdir()
    (place / "asked.json").write_text(json.dumps(asked))
    launch = sealed_launch(sys.executable, place)
    command = [launch.python, "-c", _BUILD_ALL, str(PROBE), str(place / "asked.json")]
    subprocess.run(command, cwd=place, env=dict(launch.variables), check=True, timeout=300, stdout=subprocess.DEVNULL)


def _answer(file: Path) -> Built | Unbuilt:
    kind, data = json.loads(file.read_text().splitlines()[-1])
    return known(decode({"Built": Built, "Unbuilt": Unbuilt}[kind], data), "python3")
