"""A run that was begun in one place goes on in another: real trainings, and nothing of the first place is left."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.core.training.run import Run
from yolopatch.core.training.script import Group, Script, script_text
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.cluster.homeward import is_whole
from yolopatch.steps.training.place import RESULTS, Place
from yolopatch.steps.training.train import Training, train
from yolopatch.steps.workspace.apply import make_workspace

from .conftest import WANTED

STYLES = {
    "ultralytics-8.2.50": ("yolov8n.yaml", {"batch": 4, "plots": False}),
    "ultralytics-8.3.0": ("yolo11n.yaml", {"batch": 4, "plots": False}),
    "ultralytics-8.4.0": ("yolo26n.yaml", {"batch": 4, "plots": False}),
    "yolov5-pypi-6.1.0": ("models/yolov5n.yaml", {"batch_size": 4}),
}


class Stopped(Exception):
    """The test has seen a checkpoint."""


def training_in(folder: Path, workspace: Workspace, cfg: str, arguments: dict) -> Training:
    """Put the script and the data into a folder, and return what trains there."""
    is_yolov5 = workspace.pin.layout.style == "yolov5"
    hyperparameters = None
    if is_yolov5:
        hyperparameters = folder / "hyp.yaml"
        shutil.copy(workspace.path / workspace.pin.layout.package / "data/hyps/hyp.scratch-low.yaml", hyperparameters)
        cfg = str(workspace.path / workspace.pin.layout.package / cfg)
    common = {"epochs": 3, "imgsz": 64, "workers": 0, "device": "cpu", **arguments}
    own = {"cfg": cfg, "weights": ""} if is_yolov5 else {"seed": 0}
    groups = (Group("all", "COMMON", common), Group("of the run", "RUN", own))
    script = Script("train_arm.py", "Train.", "trains", cfg, groups, seeded=is_yolov5)
    (folder / "train_arm.py").write_text(script_text(script, workspace.pin, load_templates()), "utf-8")
    place = Place(cfg, str(folder / "shapes" / "data.yaml"), folder, hyperparameters=hyperparameters)
    return Training(
        workspace=workspace,
        interpreter=inspect_interpreter(sys.executable),
        script=folder / "train_arm.py",
        words=place.words(workspace.pin.layout.style, 0),
        folder=folder,
        epochs=3,
        init=None,
        paths=place.paths(workspace.path, str(folder / RESULTS)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("pin", STYLES)
def test_a_run_goes_on_where_its_data_and_its_folder_lie_elsewhere(
    pin, yolopatch, need_pin, compat_option, cache, tmp_path
):
    need_pin(pin)
    compat = bool(compat_option(pin)) or "yolov5" in pin  # whose loss fails with every torch since 1.12
    make_workspace(pin, [], "paper", tmp_path / "workspace", "auto", cache, [COMPAT] if compat else [])
    workspace = read_workspace(tmp_path / "workspace")
    cfg, arguments = STYLES[pin]
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        assert yolopatch("data", "shapes", "--out", folder / "shapes", "--images", 8).code == 0
    last = first / RESULTS / "weights" / "last.pt"

    def stop() -> None:
        if last.is_file() and is_whole(last.read_bytes()):
            raise Stopped

    kept: list[Run] = []
    with pytest.raises(Stopped):
        train(training_in(first, workspace, cfg, arguments), Run(0, WANTED), kept.append, lambda *_: None, stop)
    shutil.copytree(first / RESULTS, second / RESULTS)
    shutil.rmtree(first)
    begun = replace(kept[-1], save_dir=str(second / RESULTS))
    done = train(training_in(second, workspace, cfg, arguments), begun, kept.append, lambda *_: None)
    assert done.trained
    assert done.attempts[-1].resumed == str(second / RESULTS / "weights" / "last.pt")
    assert done.save_dir == str(second / RESULTS)
    assert not first.exists()
    epochs = [line.split(",")[0].strip() for line in (second / RESULTS / "results.csv").read_text("utf-8").splitlines()]
    assert len(set(epochs[1:])) == 3
