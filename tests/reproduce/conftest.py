"""Reproductions that tests share, and an interpreter that no upstream can run in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory) -> Path:
    """An interpreter with nothing installed: folders are made with it, and nothing is measured."""
    place = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return place / "bin" / "python"


@pytest.fixture
def reproduced(yolopatch, need_pin, bare_python, tmp_path):
    """Make a tutorial's folder without measuring anything; returns the folder and what the command said."""

    def make(tutorial: str, *options: object, pin: str, dest: Path | None = None):
        need_pin(pin)
        folder = dest or tmp_path / "a folder" / tutorial
        ran = yolopatch("reproduce", tutorial, "--dest", folder, "--python", bare_python, "--json", *options)
        assert ran.code == 0, ran.err
        return folder, ran

    return make
