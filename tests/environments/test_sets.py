"""Two lists of versions: the exact ones, and the newest for Pythons that have none of those."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.environment.environments import SETS, set_for, sets_of
from yolopatch.catalog.pins import PINS

from .conftest import FITTING
from .tiny_wheels import fitting_versions

EXACT, NEWEST = SETS
ROOT = Path(__file__).resolve().parents[2]
NEWER = fitting_versions(NEWEST.requirements)


def test_every_python_that_yolopatch_runs_on_has_a_list():
    named = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    pythons = {f"3.{minor}" for minor in range(int(named[1]), int(named[2]))}
    assert {python for one in SETS for python in one.pythons} == pythons
    assert set(EXACT.pythons).isdisjoint(NEWEST.pythons)


def test_which_pins_need_the_compatibility_patch():
    assert [name for name, pin in PINS.items() if not EXACT.needs_compat(pin)] == [
        "ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0",
    ]  # fmt: skip
    assert [name for name, pin in PINS.items() if not NEWEST.needs_compat(pin)] == ["ultralytics-8.4.0"]


@pytest.mark.parametrize(
    ("python", "wanted"), [("3.10.13", EXACT), ("3.11.7", EXACT), ("3.12.1", NEWEST), ("3.13.0", NEWEST)]
)
def test_the_list_for_a_python(python, wanted):
    assert set_for(PINS["ultralytics-8.3.0"], python) == wanted
    assert sets_of(PINS["ultralytics-8.3.0"]) == SETS, "the exact one is better"


@pytest.mark.parametrize(("python", "name"), [("3.11", "torch-2.3"), ("3.13", "torch-2.14")])
def test_make_setup_takes_the_same_list(python, name, tmp_path):
    # the answer of a Python that is asked for its version
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\necho {python}\n")
    stand_in.chmod(0o755)
    asked = (ROOT / ".ci" / "setup").read_text()
    function = asked[asked.index("requirements() {") : asked.index("make_environment() {")]
    done = subprocess.run(
        ["bash", "-c", f"{function}\nrequirements {stand_in}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == f"yolopatch/catalog/constraints/{name}.txt\n", done.stderr


@pytest.fixture
def only_newer(monkeypatch, python_that_says, on_path, own_cache):
    """A machine whose only Python is 3.12; the environment that its uv makes has the newest libraries."""

    def prepare(packages: dict[str, str]) -> None:
        ours = python_that_says("python", python="3.12.1", packages=packages, requirements={})
        monkeypatch.setattr(sys, "executable", str(ours))
        for name in ("python3.11", "python3.10", "python3.13", "python3"):
            on_path(name, "exit 127")  # as a version manager's command for a Python that is not installed

    return prepare


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("ultralytics-8.3.0", "yolopatch apply --repo ultralytics-8.3.0 --compat"),
        ("yolov8-spconv", "yolopatch reproduce yolov8-spconv --compat"),
        ("yolo26-refconv", None),
    ],
)
def test_where_only_newer_pythons_are_the_newest_libraries_fit(target, command, yolopatch, only_newer):
    only_newer(NEWER)
    found = yolopatch("env", "create", target, "--json").json
    assert (found["created"], found["compat"]) == (False, command)
    said = yolopatch("env", "create", target).out
    assert (f"  compat    some libraries are too new for the pin's own code; mend it: {command}\n" in said) == (
        command is not None
    )


def test_where_only_newer_pythons_are_an_environment_of_the_newest_is_made(
    yolopatch, only_newer, own_cache, uv, python_that_says
):
    only_newer({"torch": "2.0"})
    python_that_says(python="3.12.1", packages=NEWER, requirements={})
    made = yolopatch("env", "create", "ultralytics-8.2.50", "--json").json
    assert (made["created"], set(made["pins"])) == (True, set(PINS))
    assert made["compat"] == "yolopatch apply --repo ultralytics-8.2.50 --compat"
    (folder,) = (own_cache / "environments").iterdir()
    assert folder.name.startswith("torch-2.14-")
    assert uv()[-1].endswith(f"--requirement {NEWEST.file}")


def test_where_an_older_python_is_the_exact_versions_are_made(yolopatch, only_newer, uv, python_that_says):
    only_newer(NEWER)
    python_that_says("python3.11", packages={})
    made = yolopatch("env", "create", "ultralytics-8.3.0", "--json").json
    assert (made["created"], made["compat"]) == (True, None)
    assert made["packages"]["torch"] == FITTING["torch"]
