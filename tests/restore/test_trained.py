"""A checkpoint that upstream trained in a patched workspace: stock upstream cannot load it, what is restored can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.outside.checkpoint.checkpoint import load_checkpoint

from .conftest import upstream_variables

FAST = ("ultralytics-8.4.0",)
every_pin = pytest.mark.parametrize("pin", [p if p in FAST else pytest.param(p, marks=pytest.mark.slow) for p in PINS])
LOAD = """
import sys
file, loader = sys.argv[1:]
module, name = loader.rsplit(".", 1)
getattr(__import__(module, fromlist=[name]), name)(file)
"""
LOADERS = {
    "ultralytics-8.2.50": "ultralytics.nn.tasks.attempt_load_one_weight",
    "ultralytics-8.3.0": "ultralytics.nn.tasks.attempt_load_one_weight",
    "ultralytics-8.4.0": "ultralytics.nn.tasks.load_checkpoint",
    "yolov5-pypi-6.1.0": "yolov5.models.experimental.attempt_load",
    "yolov5-6.1": "models.experimental.attempt_load",
}


def _load(pin: str, tree: Path, file: Path, settings: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", LOAD, str(file), LOADERS[pin]],
        env=upstream_variables(tree, settings),
        cwd=settings,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.more
@every_pin
def test_a_trained_checkpoint_rebuilds_its_fork(pin, trained, yolopatch, running_tree, tmp_path, git_in):
    folder = trained(pin, yolopatch)
    told = yolopatch("status", folder / "workspace", "--json").json
    best = folder / "run" / "weights" / "best.pt"

    stock = _load(pin, running_tree(pin), best, folder)
    assert stock.returncode != 0
    missing = "No module named 'ultralytics.nn.modules.refconv'" if "ultra" in pin else "attribute 'Conv_RefConv'"
    assert missing in stock.stderr, stock.stderr[-1000:]

    ran = yolopatch("restore", best, "--dest", tmp_path / "there", "--json")
    assert ran.code == 0, ran.err
    assert "runs the code that the file asks for" in ran.err
    assert ran.json["commit"] == told["commit"] == git_in(tmp_path / "there", "rev-parse", "HEAD").strip()
    assert ran.json["stamp"]["commit"] == told["commit"]
    assert ran.json["stamp"]["head"] is None
    assert ran.json["stamp"]["edited"] == []
    assert ran.json["loaded"]["classes"] == ["disc", "square", "triangle"]
    assert ran.json["loaded"]["not_finite"] == []
    assert ran.json["loaded"]["parameters"] > 1e6
    layers = [row[2] for row in ran.json["stamp"]["yaml"]["backbone"]]
    assert layers.count("Conv_RefConv") == 4
    assert yolopatch("status", tmp_path / "there", "--json").json["clean"]

    again = yolopatch("restore", best, "--dest", tmp_path / "there", "--no-load", "--json")
    assert (again.code, again.json["changed"], again.json["loaded"]) == (0, False, None)


@pytest.mark.more
@every_pin
def test_every_checkpoint_of_a_run_is_stamped_and_asks_for_nothing_strange(pin, trained, yolopatch, tmp_path):
    """Stripped at the end of the run, as it is saved in the middle of one, and saved anew by `Model.save`, fused."""
    folder = trained(pin, yolopatch)
    files = [*folder.glob("run/weights/*.pt"), *folder.glob("*.pt")]
    names = {file.name for file in files}
    assert names == {"best.pt", "last.pt", "unfinished.pt"} | ({"fused.pt"} if "ultra" in pin else set())
    stamps = []
    for file in files:
        load = "--load" if file.name in ("unfinished.pt", "fused.pt") else "--no-load"
        ran = yolopatch("restore", file, "--dest", tmp_path / "there", "--json", load)
        assert ran.code == 0, ran.err
        stamps.append({key: value for key, value in ran.json["stamp"].items() if key != "yaml"})
    assert all(stamp == stamps[0] for stamp in stamps)


@pytest.mark.more
def test_values_that_are_not_finite_are_a_failure_of_the_check(trained, yolopatch, tmp_path):
    ran = yolopatch("restore", trained(FAST[0], yolopatch) / "odd" / "nan.pt", "--dest", tmp_path / "there")
    assert ran.code == 4
    assert "NaN or infinite in 1 tensors: model.0.conv.weight" in ran.out
    assert yolopatch("status", tmp_path / "there").code == 0, "the workspace is what it should be"


@pytest.mark.more
def test_a_surprise_is_run_only_for_whoever_trusts_it(trained, yolopatch, tmp_path):
    folder = trained(FAST[0], yolopatch)
    file, place = folder / "odd" / "surprise.pt", tmp_path / "there"
    ran = yolopatch("restore", file, "--dest", place)
    assert ran.code == 1
    assert f"imports: {os.mkdir.__module__}.mkdir" in ran.err
    assert not place.exists()
    assert not (folder / "surprise").exists()
    assert yolopatch("restore", file, "--dest", place, "--trust").code == 0
    assert (folder / "surprise").is_dir(), "it would have been run"


@pytest.mark.more
def test_a_file_that_was_rewritten_after_the_look_is_not_loaded(trained, yolopatch):
    folder = trained(FAST[0], yolopatch)
    with pytest.raises(YolopatchError) as caught:
        load_checkpoint(folder / "fused.pt", "0" * 64, folder / "workspace", PINS[FAST[0]], sys.executable)
    assert "the checkpoint has changed since it was looked into" in caught.value.details[-1]
