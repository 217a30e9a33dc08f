"""Checkpoints: trained by upstream in a patched workspace, or made up around a stamp."""

from __future__ import annotations

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
import types
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.workspace.fork_file import fork_path
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.workspace.apply import apply

PIN = "ultralytics-8.4.0"

# Upstream's own training, one epoch; then a checkpoint of the middle of it, and one by Model.save, fused.
ULTRALYTICS = """
import shutil, sys
from ultralytics import YOLO
cfg, data, out = sys.argv[1:]
model = YOLO(cfg)
model.add_callback("on_model_save", lambda trainer: shutil.copy(trainer.last, f"{out}/unfinished.pt"))
model.train(data=data, epochs=1, imgsz=64, batch=4, workers=0, optimizer="SGD", amp=False, device="cpu",
            project=out, name="run", plots=False, verbose=False)
best = YOLO(f"{out}/run/weights/best.pt")
best.fuse()
best.save(f"{out}/fused.pt")

import os, torch
class Surprise:
    def __reduce__(self):
        return os.mkdir, (f"{out}/surprise",)
os.mkdir(f"{out}/odd")
content = torch.load(f"{out}/run/weights/best.pt", map_location="cpu", weights_only=False)
torch.save({**content, "extra": Surprise()}, f"{out}/odd/surprise.pt")
content["model"].model[0].conv.weight.data[0] = float("nan")
torch.save(content, f"{out}/odd/nan.pt")
"""
YOLOV5 = """
import importlib, shutil, sys
cfg, data, out, package = sys.argv[1:]
train = importlib.import_module(f"{package}train")
strip = train.strip_optimizer
train.strip_optimizer = lambda file: (shutil.copy(file, f"{out}/unfinished.pt"), strip(file))
train.run(cfg=cfg, data=data, weights="", epochs=1, imgsz=64, batch_size=4, workers=0, device="cpu",
          project=out, name="run", noplots=True)
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory, need_pin):
    """Train a model with RefConv in a workspace of a pin; gives the folder that holds `workspace`, `run` and more."""
    made: dict[str, Path] = {}

    def train(pin: str, yolopatch: Callable) -> Path:
        need_pin(pin)
        if pin not in made:
            folder = tmp_path_factory.mktemp("trained") / "here"
            folder.mkdir()
            ran = yolopatch("apply", "--repo", pin, "--module", "RefConv", "--compat", "--dest", folder / "workspace")
            assert ran.code == 0, ran.err
            _train(pin, folder)
            made[pin] = folder
        return made[pin]

    return train


def _train(pin: str, folder: Path) -> None:
    (cfg,) = render(RenderRequest(("RefConv",), PINS[pin].model, "detect", "n", out=folder), templates_dir()).files
    data = make_shapes(ShapesRequest(folder / "shapes", "detect", images=4, side=64)).data
    style, package = PINS[pin].layout.style, PINS[pin].layout.package
    words = [cfg.path, data, folder] + ([f"{package}." if package else ""] if style == "yolov5" else [])
    script = ULTRALYTICS if style == "ultralytics" else YOLOV5
    shutil.copy(inspect_interpreter(sys.executable).font, folder / "Arial.ttf")  # v6.1 would download it
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        env=upstream_variables(folder / "workspace", folder),
        cwd=folder / "workspace",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def upstream_variables(tree: Path, settings: Path) -> dict[str, str]:
    """The environment in which this tree's upstream runs, offline: nothing of yolopatch is on its path."""
    return os.environ | {
        "PYTHONPATH": str(tree),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(settings),
        "YOLOV5_CONFIG_DIR": str(settings),
        "WANDB_MODE": "disabled",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture(scope="session")
def made(tmp_path_factory, need_pin, cache) -> Path:
    """A workspace of PIN with DSConv as the tutorial has it and RefConv as the paper has it. Read it only."""
    need_pin(PIN)
    place = tmp_path_factory.mktemp("made") / "workspace"
    for module, flavor in (("DSConv", "tutorial"), ("RefConv", "paper")):
        apply(PIN, [module], flavor, place, "auto", cache)
    return place


@pytest.fixture
def workspace(made, tmp_path) -> Path:
    """The same for one test alone."""
    return shutil.copytree(made, tmp_path / "workspace")


@pytest.fixture(scope="session")
def _stamped(made) -> dict:
    return load_fork(made).stamp(types.SimpleNamespace(yaml={"nc": 3}))


@pytest.fixture
def said(_stamped) -> dict:
    """What that workspace writes into checkpoints."""
    return deepcopy(_stamped)


def load_fork(place: Path, pin: str = PIN) -> types.ModuleType:
    """Import the file that a workspace's stamps come from, under upstream's name for it; it imports no upstream."""
    path = fork_path(PINS[pin])
    spec = importlib.util.spec_from_file_location(path.removesuffix(".py").replace("/", "."), place / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stamp() -> Callable[..., dict]:
    """Give what a workspace would write into a checkpoint now."""

    def make(place: Path, yaml: object = None) -> dict:
        return load_fork(place).stamp(types.SimpleNamespace(yaml=yaml))

    return make


@pytest.fixture
def checkpoint(tmp_path) -> Callable[..., Path]:
    """Write a file as torch writes them, with this in it and no tensors."""

    def write(content: object, name: str = "best.pt") -> Path:
        file = tmp_path / name
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
            archive.writestr("archive/version", "3\n")
        return file

    return write
