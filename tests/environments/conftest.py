"""An index of tiny wheels, programs that stand in for uv and for other Pythons, and interpreters as they are told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.catalog.environment.environments import SETS
from yolopatch.outside.environment.interpreter import Interpreter

from .tiny_wheels import fitting_versions, write_wheel

# what uv does with `venv ... FOLDER` and `pip install --python FOLDER/bin/python ...`, as far as is looked at
UV_MAKES = """
echo "$@" >> "$LOG"
for last; do true; done
if [ "$1" = venv ]; then mkdir -p "$last/bin"; cp "$PYTHON_OF_OURS" "$last/bin/python"; fi
"""

FITTING = fitting_versions(SETS[0].requirements)


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A package index with a wheel of everything that the set asks for; pip knows nothing else."""
    folder = tmp_path / "simple"
    for name, version in FITTING.items():
        write_wheel(folder, name, version)
    for variable in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", folder.as_uri())
    return folder


@pytest.fixture
def roomy(monkeypatch) -> None:
    """Let the disk be large enough: tiny wheels need no gigabytes."""
    monkeypatch.setattr("yolopatch.steps.environment.create.require_space", lambda folder, room: None)


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    """A cache for one test alone."""
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def on_path(tmp_path, monkeypatch) -> Callable[[str, str], Path]:
    """Put a shell script on PATH, before all else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def write(name: str, script: str) -> Path:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    return write


def says(**changes: object) -> dict[str, object]:
    """Return what an interpreter in which everything fits says about itself."""
    plain = {
        "python": "3.11.9",
        "prefix": "/env",
        "virtual": True,
        "can_make": True,
        "packages": dict(FITTING),
        "requirements": {"torchvision": ["torch (==2.3.1)"]},
        "editable": {},
        "origins": dict.fromkeys(("torch", "torchvision", "cv2", "matplotlib", "ultralytics", "yolov5"), ""),
        "cuda": "",
    }
    return plain | changes


@pytest.fixture
def python_that_says(on_path) -> Callable[..., Path]:
    """Make a program that says of itself what a Python would."""

    def make(name: str = "python-of-ours", **changes: object) -> Path:
        line = json.dumps({"message": "InterpreterAnswer", **says(**changes)})
        # called as `python PROBE REQUEST ANSWERS`
        return on_path(name, f"echo '{line}' > \"$3\"")

    return make


@pytest.fixture
def bare_python(monkeypatch, python_that_says) -> str:
    """Be run by a Python 3.11 that has no packages, whichever Python runs the tests."""
    python = str(python_that_says("bare-python", packages={}))
    monkeypatch.setattr(sys, "executable", python)
    return python


@pytest.fixture
def interpreter() -> Callable[..., Interpreter]:
    """An interpreter in which everything fits, but for some packages (None: not installed)."""

    def make(python: str = "3.11.9", **versions: str | None) -> Interpreter:
        changed = {name.replace("_", "-"): version for name, version in versions.items()}
        packages = {name: version for name, version in {**FITTING, **changed}.items() if version}
        plain = says(python=python, packages=packages)
        requirements = {name: tuple(asked) for name, asked in plain.pop("requirements").items()}
        return Interpreter(executable="/env/bin/python", requirements=requirements, **plain)

    return make


@pytest.fixture
def uv(on_path, python_that_says, monkeypatch, tmp_path, roomy):
    """A uv that makes nothing but an interpreter that says that everything fits; gives the calls."""
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("PYTHON_OF_OURS", str(python_that_says()))
    on_path("uv", UV_MAKES)
    return lambda: (tmp_path / "log").read_text().splitlines()
