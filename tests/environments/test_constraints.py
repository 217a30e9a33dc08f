"""`env run WORKSPACE -- pip install PACKAGE` installs the package and moves nothing that the pin needs."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.steps.environment.run import kept_versions

from .conftest import write_wheel

PIN = "ultralytics-8.3.0"
NUMPY = version("numpy")


@pytest.fixture
def wheels(tmp_path, monkeypatch) -> list[str]:
    """Words of a pip that knows a package for a newer numpy, that numpy, and a package in two versions."""
    folder = tmp_path / "wheels"
    write_wheel(folder, "for-newer", "1.0", requires=["numpy>=99"])
    write_wheel(folder, "numpy", "99.0")
    write_wheel(folder, "twice", "1.0")
    write_wheel(folder, "twice", "2.0")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    places = [word for page in folder.iterdir() for word in ("--find-links", str(page))]
    return ["python", "-m", "pip", "install", "--dry-run", "--no-index", *places]


@pytest.fixture
def place(full_workspace, tmp_path) -> Path:
    """A workspace whose path has a space, at which pip and uv split lists of files."""
    return Path(shutil.copytree(full_workspace(PIN), tmp_path / "my yolo"))


def test_a_package_for_another_numpy_is_refused_by_pip_itself(spawn, place, wheels):
    ran = spawn("env", "run", "--python", sys.executable, place, "--", *wheels, "for-newer")
    assert ran.code == 1
    assert "for-newer 1.0 depends on numpy>=99" in ran.out + ran.err
    assert f"The user requested (constraint) numpy=={NUMPY}" in ran.out + ran.err
    assert "Would install" not in ran.out


def test_another_package_is_installed_as_the_users_own_settings_have_it(spawn, place, wheels, tmp_path):
    (tmp_path / "mine.txt").write_text("twice<2\n")
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[install]\nconstraint = {tmp_path / 'mine.txt'}\n")
    command = ["env", "run", "--python", sys.executable, place, "--", *wheels, "twice"]
    ran = spawn(*command, PIP_CONFIG_FILE=str(settings))
    assert (ran.code, "Would install twice-1.0" in ran.out) == (0, True), ran.err


@pytest.mark.parametrize("variable", ["PIP_CONSTRAINT", "UV_CONSTRAINT"])
def test_the_users_own_variable_is_kept(variable, yolopatch, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the command starts in another folder
    (tmp_path / "mine.txt").write_text("twice<2\n")
    monkeypatch.setenv(variable, "mine.txt https://example.org/theirs.txt")
    ran = yolopatch("env", "run", "--python", sys.executable, place, "--", "sh", "-c", f"echo ${variable}")
    mine, theirs, ours = ran.out.split()
    assert (mine, theirs) == ((tmp_path / "mine.txt").as_uri(), "https://example.org/theirs.txt")
    assert f"numpy=={NUMPY}\n" in Path(url2pathname(urlsplit(ours).path)).read_text()


def test_an_environment_of_the_users_own_keeps_its_own_versions(interpreter):
    theirs = interpreter(torch="2.9.1+cu126", numpy="1.23.5", boto3=None)
    kept = list(kept_versions(PINS[PIN], theirs))
    assert {"torch==2.9.1+cu126", "numpy==1.23.5", "setuptools<82"} <= set(kept)
    assert not any("boto3" in line for line in kept)
