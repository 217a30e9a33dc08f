"""A reader with an empty folder, the built command on PATH, and a cache that holds what a page needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ..adopt.conftest import self_made  # noqa: F401 - the fork of the guide about forks
from .output import missing_line
from .page import Command, Given, Step, read_page
from .session import Ran, follow

HOME = "/home/you"  # as pages show it
# the reader's own settings would change what is printed, or be changed
_NOT_PASSED = ("YOLOPATCH_CATALOG", "YOLOPATCH_LANG", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PYTHONPATH", "VIRTUAL_ENV")
# where upstream finds these, it takes itself for one of its own tests and saves its results elsewhere
_OF_TESTS = ("PYTEST_", "GITHUB_")


@pytest.fixture
def variables(tmp_path, shared, cache) -> dict[str, str]:
    """The environment of a reader who has installed yolopatch, and nothing else."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_PASSED and not name.startswith(_OF_TESTS) and not name.startswith("LC_")
    }
    return kept | {
        "HOME": str(home),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "YOLOPATCH_CACHE": str(cache),
        "MPLCONFIGDIR": str(shared / "matplotlib"),  # its list of fonts takes ten seconds to make
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
    }


@pytest.fixture
def place(request, tmp_path) -> Callable[[str], None]:
    """Put what a reader of a page has already into the folder `given`."""
    makers = {"Gated-YOLO": _place_fork, "yolo11n.pt": _place_checkpoint}

    def put(name: str) -> None:
        (tmp_path / "given").mkdir(exist_ok=True)
        makers[name](request, tmp_path / "given" / name)

    return put


def _place_fork(request: pytest.FixtureRequest, to: Path) -> None:
    shutil.copytree(request.getfixturevalue("self_made"), to)


def _place_checkpoint(request: pytest.FixtureRequest, to: Path) -> None:
    shutil.copy(request.getfixturevalue("checkpoint")("ultralytics-8.3.0"), to)


@pytest.fixture
def read_and_do(tmp_path, variables, place, cache, network) -> Callable[..., tuple[Ran, ...]]:
    """Do what a page says, and compare what is printed with what it shows."""

    def do(page: Path, limit: float = 600, language: str = "en") -> tuple[Ran, ...]:
        steps = read_page(page)
        to_run = [step for step in steps if isinstance(step, Command) and step.not_run is None]
        assert to_run, f"{page} has no command to run"
        if any(step.with_network for step in to_run):
            network()
        for step in steps:
            if isinstance(step, Given):
                place(step.name)
        ran = follow(
            steps,
            _empty_folder(tmp_path),
            tmp_path / "given",
            variables | {"YOLOPATCH_LANG": language},
            limit,
        )
        for one in ran:
            _compare(page, one, variables["HOME"], cache)
        assert len(ran) == len(to_run)
        return ran

    return do


def _empty_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "work"
    folder.mkdir()
    return folder


def _compare(page: Path, ran: Ran, home: str, cache: Path) -> None:
    printed = ran.printed.replace(home, HOME).replace(str(cache), f"{HOME}/.cache/yolopatch")
    what = f"{page.name}, line {ran.command.line}: {ran.command.text}"
    if ran.code != ran.command.code:
        raise AssertionError(f"{what}\nends with {ran.code}, and not {ran.command.code}:\n{printed}")
    missing = missing_line(ran.command.shown, printed, ran.command.varies)
    if missing is not None:
        raise AssertionError(f"{what}\ndid not print, after the lines before it:\n  {missing}\nit printed:\n{printed}")


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Callable[[], None]:
    """Skip where pip cannot reach an index, and say why."""

    def need() -> None:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        to = tmp_path_factory.mktemp("network")
        done = subprocess.run([*pip, "--dest", str(to), "iniconfig"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip reaches no index: {done.stderr.strip()[-200:]}")

    return need


def same_for_the_reader(steps: tuple[Step, ...]) -> list[object]:
    """Return what has to be the same in all languages: files, commands, their codes, and what is not run."""
    return [
        (step.text, step.code, step.with_network, step.not_run is None) if isinstance(step, Command) else step
        for step in steps
    ]
