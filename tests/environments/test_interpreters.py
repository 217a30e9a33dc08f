"""One rule: --python, else the environment of `env create`, else this Python if it has the libraries, else one line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.environment.environments import SETS
from yolopatch.catalog.environment.needs import needs_of
from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.environments import EnvironmentRecord, ensure_environment, requirements_digest
from yolopatch.outside.probe.process import Process
from yolopatch.steps.environment.interpreters import choose_interpreter, find_interpreter
from yolopatch.wire.tasks import INTERPRETER

from .conftest import FITTING

PIN = PINS["ultralytics-8.3.0"]


@pytest.fixture
def made(own_cache, python_that_says):
    """Make an environment in the cache, as `env create` leaves one; returns its interpreter."""

    def make(torch_index: str = "", **said: object) -> str:
        python = python_that_says("python-made", **said)

        def fill(folder: Path) -> None:
            (folder / "bin").mkdir(parents=True)
            shutil.copy(python, folder / "bin" / "python")

        record = EnvironmentRecord(SETS[0].name, requirements_digest(SETS[0]), "3.11", torch_index, "pip")
        return ensure_environment(record, own_cache, lambda made: True, fill)[0].python

    return make


@pytest.fixture
def started(monkeypatch) -> list[object]:
    """The tasks of all processes of the probe that were started."""
    tasks: list[object] = []
    start = Process.__init__

    def note(self, task, *rest):
        tasks.append(task)
        start(self, task, *rest)

    monkeypatch.setattr(Process, "__init__", note)
    return tasks


@pytest.fixture
def call(full_workspace, base_cfg, tmp_path, monkeypatch):
    """Give the words of a command that runs upstream's code, with all the files that it wants."""
    monkeypatch.chdir(tmp_path)
    place, cfg = full_workspace(PIN.name), base_cfg("yolo11", "n")
    (tmp_path / "base.pt").write_bytes(b"a checkpoint")
    files = ["--weights", "base.pt", "--out", "out.pt"]
    words = {
        "summary": ["summary", place, "--cfg", cfg],
        "verify": ["verify", place, "--cfg", cfg],
        "transplant": ["transplant", place, "--cfg", cfg, *files],
        "pack": ["pack", place, *files],
        "unpack": ["unpack", place, *files],
        "env run": ["env", "run", place, "--", "touch", tmp_path / "started"],
        "reproduce": ["reproduce", "yolo11-c3k2-dsconv", "--dest", "post", "--run", "--quick"],
    }
    return words.__getitem__


COMMANDS = ("summary", "verify", "transplant", "pack", "unpack", "env run", "reproduce")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_plain_installation_is_told_what_is_missing_and_what_to_run(
    command, call, yolopatch, python_that_says, monkeypatch, started, tmp_path
):
    # `pip install yolopatch` brings torch and what torch needs, and no cv2
    has = {name: FITTING[name] for name in ("torch", "numpy", "pillow", "pyyaml")}
    plain = python_that_says(packages=has, origins={"torch": "/lib/torch/__init__.py"})
    monkeypatch.setattr(sys, "executable", str(plain))
    ran = yolopatch(*call(command))
    assert (ran.code, ran.out) == (1, "")
    lacking = "opencv-python, matplotlib, tqdm, torchvision, psutil, requests, scipy"
    kept = f"  kept: {tmp_path / 'post'}; the same command goes on from it\n" if command == "reproduce" else ""
    assert ran.err == (
        f"error: {plain} cannot import {PIN.name}: it lacks {lacking}\n{kept}  next: yolopatch env create {PIN.name}\n"
    )
    assert started == [INTERPRETER], "looked at once"
    assert not [name for name in ("out.pt", "started") if (tmp_path / name).exists()]


def test_the_named_one_comes_first_then_the_one_that_was_made_then_this_one(made, own_cache, python_that_says):
    assert choose_interpreter(PIN, None, own_cache).executable == sys.executable
    cpu = made(torch_index="https://download.example/whl/cpu")
    assert choose_interpreter(PIN, None, own_cache).executable == cpu
    default = made()
    assert choose_interpreter(PIN, None, own_cache).executable == default
    named = str(python_that_says("named"))
    assert choose_interpreter(PIN, named, own_cache).executable == named


def test_doctor_looks_at_the_one_in_which_the_others_run(made, yolopatch, full_workspace, monkeypatch):
    place = full_workspace(PIN.name)
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    assert yolopatch("doctor", place, "--json").json["python"] == sys.executable
    python = made()
    assert yolopatch("doctor", place, "--json").json["python"] == python


def test_what_the_pin_needs_only_later_stops_nothing(python_that_says, own_cache):
    without = {name: version for name, version in FITTING.items() if name not in ("pandas", "onnx", "seaborn")}
    python = str(python_that_says(packages=without))
    assert find_interpreter(PIN, python, own_cache).executable == python


def test_a_library_that_is_there_without_metadata(python_that_says, own_cache):
    # Debian's python3-opencv, a folder on a path file
    without = {name: version for name, version in FITTING.items() if name != "opencv-python"}
    python = str(python_that_says(packages=without, origins={"cv2": "/usr/lib/python3/dist-packages/cv2.so"}))
    assert find_interpreter(PIN, python, own_cache).executable == python


@pytest.mark.parametrize(
    ("pin", "changes", "why", "hint"),
    [
        (
            "ultralytics-8.4.0",
            {"torch": "2.4.0"},
            "torchvision 0.18.1 was built for torch==2.3.1",
            "pip install 'torch",
        ),
        ("yolov5-6.1", {"setuptools": "82.0.0"}, "setuptools 82.0.0: setuptools 82 removed", "--compat"),
    ],
)
def test_libraries_with_which_the_import_fails(pin, changes, why, hint, python_that_says, own_cache):
    python = str(python_that_says(packages={**FITTING, **changes}))
    with pytest.raises(YolopatchError, match="cannot import") as caught:
        find_interpreter(PINS[pin], python, own_cache)
    assert why in caught.value.what
    assert hint in caught.value.hint
    if pin == "yolov5-6.1":
        assert find_interpreter(PINS[pin], python, own_cache, compat=True).executable == python


@pytest.mark.parametrize("pin", PINS)
def test_a_file_that_imports_a_library_is_seen_to_do_so(pin, pristine_tree, python_that_says, own_cache):
    python = str(python_that_says(packages={}))
    with pytest.raises(YolopatchError) as caught:
        find_interpreter(PINS[pin], python, own_cache, tree=pristine_tree(pin))
    assert all(need.distribution in caught.value.what for need in needs_of(PINS[pin]) if need.stage == "import")


def test_a_clone_of_a_newer_version_needs_only_what_its_own_files_import(
    yolopatch, pristine_tree, tmp_path, python_that_says, base_cfg
):
    clone = tmp_path / "clone"
    shutil.copytree(pristine_tree(PIN.name) / "ultralytics", clone / "ultralytics")
    for file, old, new in (("__init__.py", '"8.3.0"', '"8.3.77"'), ("utils/__init__.py", "from tqdm import", "#")):
        path = clone / "ultralytics" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    python = python_that_says(packages={name: v for name, v in FITTING.items() if name not in ("tqdm", "scipy")})
    ran = yolopatch("verify", clone, "--cfg", base_cfg("yolo11", "n"), "--python", python)
    assert ran.code == 1
    assert "it lacks scipy\n" in ran.err
