"""Every command that writes: what it is run on, how it is called, and what counts of its result."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lab import MEMORY, PIN, ROOT, WITH_TORCH, Lab, Sandbox
from results import ALL, Counted, git

NEXT_VERSION = "8.3.7"
_TRAINED = """
import sys
import torch
from ultralytics import YOLO
cfg, out = sys.argv[1:]
model = YOLO(cfg)
torch.manual_seed(1)
for tensor in model.model.parameters():
    torch.nn.init.normal_(tensor, 0.0, 0.05)
model.ckpt = {"model": model.model.half(), "train_args": {"imgsz": 64}, "ema": None, "epoch": -1}
torch.save(model.ckpt, out)
"""


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        name: how the table calls it.
        words: its arguments; it runs in the sandbox's `work`.
        prepare: makes what it needs, once.
        memory: what its processes may ask for.
        variables: more of the environment.
        counted: what counts of its files.
        tells_place: files that hold the path of their folder, in a form that depends on the path.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Lab, Sandbox], None]
    memory: int = MEMORY
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    counted: Counted = ALL
    tells_place: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def _nothing(lab: Lab, sandbox: Sandbox) -> None:
    """It needs nothing but the cache."""


def _workspace(*modules: str) -> Callable[[Lab, Sandbox], None]:
    def prepare(lab: Lab, sandbox: Sandbox) -> None:
        must(sandbox, "apply", "--repo", PIN, *(word for name in modules for word in ("--module", name)), "--dest", "w")
        (sandbox.work / "w" / "notes of mine.txt").write_text("not yolopatch's\n")

    return prepare


def _with_own_commit(lab: Lab, sandbox: Sandbox) -> None:
    """A workspace with a commit of the user's, which is replayed on the new base."""
    _workspace("RefConv")(lab, sandbox)
    place = sandbox.work / "w"
    (place / "mine.py").write_text("LAYERS = 3\n")
    git(place, "add", "mine.py")
    date = "2026-01-02T03:04:05+00:00"
    git(
        place, "commit", "--quiet", "--message", "Mine", variables={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    )


def _pasted(lab: Lab, sandbox: Sandbox) -> None:
    shutil.copy(ROOT / "tests/add/pasted/PConvLite.py", sandbox.work)
    (sandbox.work / "Extra.py").write_text("def doubled(x):\n    return x * 2\n")


def _added(lab: Lab, sandbox: Sandbox) -> None:
    _pasted(lab, sandbox)
    must(sandbox, "add", "PConvLite.py")


def _empty_cache(lab: Lab, sandbox: Sandbox) -> None:
    shutil.rmtree(sandbox.path / "cache" / "pins")
    shutil.copytree(lab.wheels(), sandbox.work / "wheels")


def _release(lab: Lab, sandbox: Sandbox) -> None:
    """A release that has no pin: the pin's files with another version."""
    pristine(sandbox, PIN, sandbox.work / "release")
    (sandbox.work / "release/pyproject.toml").unlink()
    init = sandbox.work / "release/ultralytics/__init__.py"
    init.write_text(init.read_text().replace('"8.3.0"', f'"{NEXT_VERSION}"'))


def _forked(lab: Lab, sandbox: Sandbox) -> None:
    """A fork of the pin: a block of its own in a model, and another gain of the loss."""
    place = sandbox.work / "Gated-YOLO"
    pristine(sandbox, PIN, place)
    package = place / "ultralytics"
    block = "import torch.nn as nn\n\n\nclass Gate(nn.Sigmoid):\n    pass\n"
    (package / "nn/modules/gate.py").write_text(block)
    tasks = package / "nn/tasks.py"
    line = "from ultralytics.nn.modules import ("
    tasks.write_text(tasks.read_text().replace(line, f"from ultralytics.nn.modules.gate import Gate\n{line}", 1))
    default = package / "cfg/default.yaml"
    default.write_text(default.read_text().replace("box: 7.5", "box: 9.0"))
    rows = "nc: 3\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Gate, []]\nhead:\n  - [[1], 1, Detect, [nc]]\n"
    (package / "cfg/models/11/gated.yaml").write_text(rows)


def _stamped(lab: Lab, sandbox: Sandbox) -> None:
    """A checkpoint of a workspace, as torch would write it around the stamp."""
    _workspace("RefConv")(lab, sandbox)
    write_stamped(sandbox.work / "best.pt", sandbox.work / "w", {})
    shutil.rmtree(sandbox.work / "w")


def _trained(module: str) -> Callable[[Lab, Sandbox], None]:
    def prepare(lab: Lab, sandbox: Sandbox) -> None:
        _workspace("DSConv")(lab, sandbox)
        block = ("--module", module, "--block") if module else ()
        must(sandbox, "render-cfg", "--model", "yolo11", "--scale", "n", "--out", ".")
        must(sandbox, "render-cfg", "--model", "yolo11", "--scale", "n", "--module", "DSConv", "--block", "--out", ".")
        name = "yolo11n-C3k2-DSConv.yaml" if block else "yolo11n.yaml"
        in_upstream(sandbox, _TRAINED, name, "best.pt")

    return prepare


def _packed(lab: Lab, sandbox: Sandbox) -> None:
    _trained("DSConv")(lab, sandbox)
    must(sandbox, "pack", "w", "--weights", "best.pt", "--out", "packed.pt", memory=WITH_TORCH)


def _photographed(lab: Lab, sandbox: Sandbox) -> None:
    _trained("")(lab, sandbox)
    Image.linear_gradient("L").convert("RGB").resize((96, 64)).save(sandbox.work / "photo.png")


_APPLY = ("apply", "--repo", PIN, "--module")
_OFFLINE_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "SANDBOX/work/wheels"}

LIGHT = (
    Command("apply, new", (*_APPLY, "DSConv", "--dest", "w", "--json"), _nothing),
    Command(
        "apply, more",
        (*_APPLY, "DSConv", "--module", "SPConv", "--seeds", "--dest", "w", "--json"),
        _workspace("RefConv"),
    ),
    Command("apply, own commits", (*_APPLY, "DSConv", "--compat", "--dest", "w", "--json"), _with_own_commit),
    Command("apply, branch", (*_APPLY, "DSConv", "--dest", "w", "--into", "more", "--json"), _with_own_commit),
    Command("remove", ("remove", "w", "--module", "RefConv", "--json"), _workspace("DSConv", "RefConv")),
    Command("apply, fetched", (*_APPLY, "DSConv", "--dest", "w", "--json"), _empty_cache, variables=_OFFLINE_INDEX),
    Command("render-cfg", ("render-cfg", "--module", "DSConv", "--model", "yolov5", "--out", "cfg"), _nothing),
    Command("add", ("add", "PConvLite.py", "--with", "Extra.py", "--replace", "--catalog", "mine", "--json"), _pasted),
    Command("forget", ("forget", "PConvLite"), _added),
    Command("port", ("port", "--to", "./release", "--save", "--no-prove", "--module", "DSConv"), _release),
    Command(
        "adopt",
        ("adopt", "Gated-YOLO", "--no-build", "--dest", "w", "--everything", "--report", "r.html", "--json"),
        _forked,
        tells_place=("work/r.html",),  # the command that comes next, quoted for the shell
    ),
    Command("reproduce", ("reproduce", "yolo11-c3k2-dsconv", "--no-measure", "--seeds", "--dest", "post"), _nothing),
    Command("restore", ("restore", "best.pt", "--dest", "w", "--no-load"), _stamped),
    Command("data shapes", ("data", "shapes", "--out", "shapes"), _nothing, tells_place=("work/shapes/data.yaml",)),
)
_CFG = ("--cfg", "yolo11n-C3k2-DSConv.yaml")
HEAVY = (
    Command(
        "verify",
        ("verify", "w", *_CFG, "--check", "build", "--report", "r.html"),
        _trained(""),
        WITH_TORCH,
        counted=Counted(dated=("work/r.html",)),
    ),
    Command("graph", ("graph", _CFG[1], "--workspace", "w", "--base", "--out", "g.svg"), _trained(""), WITH_TORCH),
    Command(
        "heatmap",
        ("heatmap", "best.pt", "--workspace", "w", "--images", "photo.png", "--imgsz", "64", "--erf", "--out", "maps"),
        _photographed,
        WITH_TORCH,
    ),
    Command(
        "transplant",
        ("transplant", "w", *_CFG, "--weights", "best.pt", "--out", "init.pt", "--overwrite"),
        _trained(""),
        WITH_TORCH,
        counted=Counted(dated=("work/init.pt",)),
    ),
    Command(
        "pack",
        ("pack", "w", "--weights", "best.pt", "--out", "p.pt", "--overwrite"),
        _trained("DSConv"),
        WITH_TORCH,
        counted=Counted(dated=("work/p.pt",)),
    ),
    Command(
        "unpack",
        ("unpack", "w", "--weights", "packed.pt", "--out", "u.pt", "--overwrite"),
        _packed,
        WITH_TORCH,
        counted=Counted(dated=("work/u.pt",)),
    ),
)


def must(sandbox: Sandbox, *words: object, memory: int = MEMORY) -> str:
    """Run a command that has to succeed, and return its output."""
    ended = sandbox.run(words, {"memory": memory})
    if ended.code:
        raise RuntimeError(f"{words} ended with {ended.code}\n{ended.err}")
    return ended.out


def pristine(sandbox: Sandbox, pin: str, folder: Path) -> None:
    """Write a pin's unchanged files into a new folder."""
    (cached,) = sorted((sandbox.path / "cache/pins").glob(f"{pin}-*.git"))[:1]
    command = ["git", "-C", str(cached), "archive", "--format=tar", "refs/heads/pristine"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")


def stamp_of(workspace: Path, yaml: object) -> dict:
    """Return what a workspace writes into its checkpoints."""
    file = workspace / "ultralytics/utils/fork.py"
    spec = importlib.util.spec_from_file_location("ultralytics.utils.fork", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stamp: dict = module.stamp(types.SimpleNamespace(yaml=yaml))
    return stamp


def write_stamped(file: Path, workspace: Path, more: Mapping[str, object]) -> None:
    """Write a checkpoint without tensors, with a workspace's stamp."""
    content = {"yolopatch": stamp_of(workspace, {"nc": 3}), **more}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("archive/version", "3\n")


def in_upstream(sandbox: Sandbox, script: str, *words: str) -> None:
    """Run a script in the workspace `w`, with upstream's code."""
    variables = {
        **os.environ,
        "PYTHONPATH": str(sandbox.work / "w"),
        "YOLO_CONFIG_DIR": str(sandbox.path / "home"),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
    }

    subprocess.run(
        [sys.executable, "-c", script, *words], cwd=sandbox.work, env=variables, check=True, capture_output=True
    )
