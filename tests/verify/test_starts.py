"""Which copy of upstream the user's own commands import: what `verify` says is what Python does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.starts import find_starts

_SAYS = "print(__file__, flush=True)\n"
_SCRIPT = "with `python train.py` in its folder"
_DDP = "in the processes that DDP starts for several GPUs"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with nothing but what a test puts there."""
    place = tmp_path_factory.mktemp("user") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return place / "bin" / "python"


def _package(folder: Path, name: str, *parts: str) -> Path:
    """Write a package that prints its file when it is imported."""
    for part in (f"{name}/__init__.py", *parts):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_text(_SAYS if part == f"{name}/__init__.py" else "")
    return folder / name / "__init__.py"


@pytest.fixture
def checkout(tmp_path):
    """A copy of ultralytics in a folder, with the user's own train.py."""
    _package(tmp_path / "mine", "ultralytics", "ultralytics/nn/tasks.py")
    (tmp_path / "mine" / "train.py").write_text("import ultralytics\n")
    return tmp_path / "mine"


@pytest.fixture
def installed(python):
    """Another copy of ultralytics in the environment, with its command, for one test."""
    site = next(python.parent.parent.glob("lib/*/site-packages"))
    file, command = _package(site, "ultralytics"), python.parent / "yolo"
    command.write_text(f"#!{python}\nimport ultralytics\n")
    command.chmod(0o755)
    yield file
    file.unlink()  # its folder stays, as pip leaves it where others wrote into it
    command.unlink()


def _really(checkout: Path, python: Path, tmp_path: Path) -> dict[str, str]:
    """Run each way for real, as a user in the checkout's folder does, and return what was imported."""
    ddp = tmp_path / "settings" / "DDP" / "_temp_1.py"
    ddp.parent.mkdir(parents=True, exist_ok=True)
    ddp.write_text("import ultralytics\n")
    commands = {_SCRIPT: [python, "train.py"], "with `yolo`": [python.parent / "yolo"], _DDP: [python, "-u", ddp]}
    found = {}
    for how, command in commands.items():
        if Path(command[0]).exists():
            ran = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
            found[how] = ran.stdout.strip()
    return found


def _told(checkout: Path, python: Path) -> dict[str, str]:
    starts = find_starts(read_checkout(checkout), inspect_interpreter(str(python)))
    assert starts.problem == ""
    return {one.how: one.file for one in starts.ways}


def test_another_copy_that_is_installed_is_what_yolo_and_ddp_import(checkout, python, installed, tmp_path):
    told = _told(checkout, python)
    assert told == _really(checkout, python, tmp_path)
    own = str(checkout / "ultralytics" / "__init__.py")
    assert told == {_SCRIPT: own, "with `yolo`": str(installed), _DDP: str(installed)}


def test_what_is_not_installed_is_found_by_a_script_in_its_folder_alone(checkout, python, tmp_path):
    told = _told(checkout, python)
    assert told == _really(checkout, python, tmp_path)
    assert told == {_SCRIPT: str(checkout / "ultralytics" / "__init__.py"), _DDP: ""}


@pytest.mark.parametrize("entry", ["whole", "."])
def test_the_users_own_path_counts(checkout, python, installed, tmp_path, monkeypatch, entry):
    monkeypatch.setenv("PYTHONPATH", str(checkout) if entry == "whole" else ".")
    told = _told(checkout, python)
    assert told == _really(checkout, python, tmp_path)
    assert set(told.values()) == {str(checkout / "ultralytics" / "__init__.py")}


def test_a_path_that_breaks_python_ends_no_verification(checkout, python, tmp_path, monkeypatch):
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").write_text("raise RuntimeError('mine')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    starts = find_starts(read_checkout(checkout), inspect_interpreter(str(python)))
    assert starts.ways == ()
    assert "RuntimeError: mine" in starts.problem


def test_the_remedy_is_a_command_that_works(checkout, python, installed, monkeypatch):
    def remedy() -> str:
        return find_starts(read_checkout(checkout), inspect_interpreter(str(python))).remedy

    path = f"export PYTHONPATH={checkout}"
    assert remedy() == path, "a copy from a wheel has nothing that pip could install"
    script = f"{path}; {python.parent / 'yolo'}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(checkout / "ultralytics" / "__init__.py")
    (checkout / "pyproject.toml").write_text("")
    assert remedy() == f"{python} -m pip install --no-deps -e {checkout}"
    monkeypatch.setenv("PYTHONPATH", os.fspath(installed.parent.parent))
    assert remedy() == path, "what PYTHONPATH names comes before what is installed"


def test_scripts_inside_the_package_of_yolov5_do_not_see_their_checkout(python, tmp_path):
    own = _package(tmp_path / "mine", "yolov5", "yolov5/models/yolo.py")
    told = _told(tmp_path / "mine", python)
    assert told.pop(_SCRIPT) == str(own)
    assert told == {"with `python yolov5/train.py`": "", "with `torch.distributed.run yolov5/train.py`": ""}


def test_a_clone_of_yolov5_finds_itself(python, tmp_path, monkeypatch):
    own = _package(tmp_path / "mine", "models", "models/yolo.py", "models/common.py")
    monkeypatch.setenv("PYTHONPATH", str(_package(tmp_path / "other", "models").parent.parent))
    told = _told(tmp_path / "mine", python)
    assert told == {"with `python train.py`": str(own), "with `torch.distributed.run train.py`": str(own)}


_AS_UPSTREAM = """
import os, subprocess, sys, tempfile
from types import SimpleNamespace
from ultralytics.utils import dist

class Trainer:
    args, hub_session, resume, world_size = SimpleNamespace(model="x.yaml"), None, True, 2

Trainer.__module__, Trainer.__name__ = "ultralytics", "YOLO"
Trainer.save_dir = tempfile.mkdtemp()
trainer = Trainer()
has_size = dist.generate_ddp_command.__code__.co_argcount == 2  # until 8.3
command, file = dist.generate_ddp_command(*([2] if has_size else []), trainer)
ran = subprocess.run(command, capture_output=True, text=True)
print(sorted({line for line in ran.stdout.splitlines() if line.startswith("imported ")}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("pin", [pin for pin in PINS if PINS[pin].upstream == "ultralytics"])
def test_upstreams_own_ddp_imports_what_is_said(running_tree, pin, tmp_path, monkeypatch):
    """Upstream's own code makes the command, and torch starts two processes, which print what they import and end."""
    place, other = tmp_path / "mine", tmp_path / "other"
    for folder in (place, other):
        subprocess.run(["git", "clone", "-q", str(running_tree(pin)), str(folder)], check=True)
        with (folder / "ultralytics" / "__init__.py").open("a") as stream:
            stream.write("\nprint('imported', __file__, flush=True)\n")
    (place / "ddp.py").write_text(_AS_UPSTREAM)
    monkeypatch.setenv("PYTHONPATH", str(other))  # in place of an installed copy
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    (tmp_path / "settings").mkdir()
    ran = subprocess.run([sys.executable, "ddp.py"], cwd=place, capture_output=True, text=True)
    told = _told(place, Path(sys.executable))
    assert ran.stdout.splitlines()[-1] == str([f"imported {told[_DDP]}"]), ran.stderr[-2000:]
    assert told == {
        **told,
        _SCRIPT: str(place / "ultralytics/__init__.py"),
        _DDP: str(other / "ultralytics/__init__.py"),
    }
