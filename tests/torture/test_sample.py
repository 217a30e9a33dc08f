"""A few cases of each row of `make torture`, always the same ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.cli.group import _COMMANDS

TORTURE = Path(__file__).parent
ROWS = ("kills", "failures", "crowds", "two-caches", "mirrors", "archives", "checkpoints", "catalogs")
FILES = ("pasted", "yamls", "datasets", "sequences", "parsers")
LONG = ("kills-models", "environments", "platforms")  # the third has its own tests, in tests/platforms


@pytest.mark.parametrize("row", [*ROWS, *FILES, *(pytest.param(row, marks=pytest.mark.slow) for row in LONG)])
def test_what_is_harmed_survives(row, tmp_path, need_pin):
    need_pin("ultralytics-8.3.0")
    _torture(tmp_path, "--rows", row, "--sample")


@pytest.mark.slow  # each starts commands until one shows the fault
@pytest.mark.parametrize("row", [*ROWS, *FILES, *LONG])
def test_a_row_sees_the_fault_that_is_planted_for_it(row, tmp_path, need_pin):
    need_pin("ultralytics-8.3.0")
    _torture(tmp_path, "--rows", row, "--plants", "--seconds", 300)


def _torture(tmp_path: Path, *words: object) -> None:
    command = [sys.executable, TORTURE, *words, "--kept", tmp_path / "kept"]
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_row_has_a_fault_that_it_has_to_see(monkeypatch):
    for folder in (TORTURE, TORTURE / "hook"):
        monkeypatch.syspath_prepend(str(folder))
    plants = importlib.import_module("torture_plants").PLANTS
    assert set(plants) == {*ROWS, *FILES, *LONG}
    assert all(plants.values())


# They only read; `env create` has a row of its own; what `compare` and `ablate` write are times, which no two calls
# share: tests/compare lets the one fail, and tests/ablate kills the other
NOT_HARMED = {"list", "status", "diff", "doctor", "summary", "compare", "ablate", "env"}


def test_every_command_that_writes_is_harmed(monkeypatch):
    monkeypatch.syspath_prepend(str(TORTURE))
    commands = importlib.import_module("commands")
    harmed = {command.words[0] for command in (*commands.LIGHT, *commands.HEAVY)}
    assert harmed | NOT_HARMED == set(_COMMANDS)
    assert not harmed & NOT_HARMED
