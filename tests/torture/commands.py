"""Every command that writes: what it is run on, how it is called, and what counts of its result."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lab import MEMORY, PIN, ROOT, WITH_TORCH, Lab, Sandbox

_LOCK_OF_A_PATH = re.compile(r"-[0-9a-f]{12}\.lock$")  # in the cache: it names a folder, and each case has another
_TRIED_BY_PYTHON = re.compile(r"tmp/[a-z0-9_]{8}")  # `tempfile` looks with such a file whether it can write there
_TIMES = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|\d+\.\d+ s\b")
_RANDOM_ENTRIES = {".data/serialization_id"}  # torch numbers every file that it writes, by chance
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
        dated: files that hold the time of the run: everything else in them counts.
        tells_place: files that hold the path of their folder, in a form that depends on the path.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Lab, Sandbox], None]
    memory: int = MEMORY
    variables: Mapping[str, str] = field(default_factory=dict)
    dated: tuple[str, ...] = ()
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


def _pasted(lab: Lab, sandbox: Sandbox) -> None:
    shutil.copy(ROOT / "tests/add/pasted/PConvLite.py", sandbox.work)


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
    Command("apply, more", (*_APPLY, "DSConv", "--module", "SPConv", "--dest", "w", "--json"), _workspace("RefConv")),
    Command("remove", ("remove", "w", "--module", "RefConv", "--json"), _workspace("DSConv", "RefConv")),
    Command("apply, fetched", (*_APPLY, "DSConv", "--dest", "w", "--json"), _empty_cache, variables=_OFFLINE_INDEX),
    Command("render-cfg", ("render-cfg", "--module", "DSConv", "--model", "yolov5", "--out", "cfg"), _nothing),
    Command("add", ("add", "PConvLite.py", "--replace", "--json"), _pasted),
    Command("forget", ("forget", "PConvLite"), _added),
    Command("port", ("port", "--to", "./release", "--save", "--no-prove", "--module", "DSConv"), _release),
    Command("reproduce", ("reproduce", "yolo11-c3k2-dsconv", "--no-measure", "--dest", "post"), _nothing),
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
        dated=("work/r.html",),
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
        dated=("work/init.pt",),
    ),
    Command(
        "pack",
        ("pack", "w", "--weights", "best.pt", "--out", "p.pt", "--overwrite"),
        _trained("DSConv"),
        WITH_TORCH,
        dated=("work/p.pt",),
    ),
    Command(
        "unpack",
        ("unpack", "w", "--weights", "packed.pt", "--out", "u.pt", "--overwrite"),
        _packed,
        WITH_TORCH,
        dated=("work/u.pt",),
    ),
)


def must(sandbox: Sandbox, *words: object, memory: int = MEMORY) -> str:
    """Run a command that has to succeed, and return its output."""
    ended = sandbox.run(words, {"memory": memory})
    if ended.code:
        raise RuntimeError(f"{words} ended with {ended.code}\n{ended.err}")
    return ended.out


def git(folder: Path, *words: str, code: int | None = 0) -> str:
    """Run git in a folder, as a user with a name."""
    who = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    done = subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True)
    if code is not None and done.returncode != code:
        raise RuntimeError(f"git {words} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


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


# -- what counts of a result


def result(sandbox: Sandbox, dated: Sequence[str] = ()) -> dict[str, str]:
    """Return what a user sees: for each repository its commit and its state, for each other file its content."""
    found = files(sandbox, dated)
    for top in _tops(sandbox):
        for one in (git_dir.parent for git_dir in top.rglob(".git")):
            name = _name(sandbox, one)
            found[f"{name}: commit"] = git(one, "rev-parse", "HEAD", code=None)
            status = git(one, "status", "--porcelain", "--branch", "--ignored", code=None).splitlines()
            found[f"{name}: status"] = "\n".join(line for line in status if not is_left_over(Path(line[3:])))
            found[f"{name}: fsck"] = git(one, "fsck", "--no-dangling", code=None)
    return {name: value for name, value in found.items() if not is_left_over(Path(name.partition(": ")[0]))}


def files(sandbox: Sandbox, dated: Sequence[str] = ()) -> dict[str, str]:
    """Return the digest of each file of the user's folder and catalog, without those of git."""
    found = {}
    for top in _tops(sandbox):
        for file in top.rglob("*"):
            if ".git" not in file.relative_to(top).parts and file.is_file() and not is_left_over(file):
                name, data = _name(sandbox, file), file.read_bytes()
                data = (_timeless(data) if name in dated else data).replace(os.fsencode(sandbox.path), b"SANDBOX")
                found[name] = hashlib.sha256(data).hexdigest()
    return found


def _timeless(data: bytes) -> bytes:
    """Return the content of a page or a checkpoint without times, and without the name that torch gave its archive."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        data = b"".join(b"%s %s" % (name.encode(), entries[name]) for name in sorted(entries.keys() - _RANDOM_ENTRIES))
    return _TIMES.sub(b"TIME", data)


def _tops(sandbox: Sandbox) -> tuple[Path, Path]:
    return sandbox.work, sandbox.path / "catalog"


def names(sandbox: Sandbox) -> set[str]:
    """Return the path of everything that a command leaves: all but the objects of repositories, and the home folder."""
    found = set()
    for path in sandbox.path.rglob("*"):
        name = _name(sandbox, path)
        in_objects = "/objects/" in f"/{name}/"
        if (
            not name.startswith("home")
            and not _TRIED_BY_PYTHON.fullmatch(name)
            and (not in_objects or is_left_over(path))
        ):
            found.add(_LOCK_OF_A_PATH.sub("-PATH.lock", name))
    return found


def is_left_over(path: Path) -> bool:
    """Return whether a name is one that only a half-done piece of work has."""
    return any(part.startswith((".yolopatch-", "tmp_")) or part.endswith(".yolopatch-new") for part in path.parts)


def _name(sandbox: Sandbox, path: Path) -> str:
    return path.relative_to(sandbox.path).as_posix()
