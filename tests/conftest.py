"""Shared fixtures: one cache, one unpacked tree and one full workspace for each pin, built once a run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError
from yolopatch.outside import snapshot
from yolopatch.outside.store import pristine
from yolopatch.steps.apply import apply

ALL_PINS = tuple(PINS)


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def cache(shared) -> Path:
    """The run's own cache of pins: the user's is never touched."""
    return shared / "cache"


@pytest.fixture(autouse=True)
def _environment(monkeypatch, cache):
    monkeypatch.setenv("YOLOPATCH_CACHE", str(cache))
    # workers share the cores: more threads than cores wait for each other longer than they work
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def _once(folder: Path, build) -> Path:
    """Build the folder unless another worker has, and return it."""
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            build(folder)
    return folder


def _skip_unless_reachable(name: str, cache: Path) -> None:
    try:
        with pristine(PINS[name], "auto", cache):
            pass
    except SourceError as error:
        pytest.skip(f"{error.what}: {'; '.join(error.details)}")


@pytest.fixture(scope="session")
def pristine_tree(shared, cache):
    """Give the folder with a pin's unchanged files; skips, and says why, where no source can be reached."""

    def unpack(name: str) -> Path:
        _skip_unless_reachable(name, cache)

        def build(folder: Path) -> None:
            with pristine(PINS[name], "auto", cache) as found:
                source = found.repository.path
                branch = snapshot.PRISTINE.removeprefix("refs/heads/")
                subprocess.run(["git", "clone", "-q", "-b", branch, str(source), str(folder)], check=True)

        return _once(shared / f"pristine-{name}", build)

    return unpack


@pytest.fixture(scope="session")
def full_workspace(shared, cache):
    """Give a workspace of a pin with every module in one flavor. Read it only: all tests share it."""

    def make(name: str, flavor: str = "paper") -> Path:
        _skip_unless_reachable(name, cache)
        return _once(
            shared / f"workspace-{name}-{flavor}",
            lambda folder: apply(name, list(MODULES), flavor, folder, "auto", cache),
        )

    return make
