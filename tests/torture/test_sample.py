"""A few cases of each row of `make torture`, always the same ones; not of those that need torch or a package index."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.cli.group import _COMMANDS

TORTURE = Path(__file__).parent
ROWS = ("kills", "failures", "crowds", "archives", "checkpoints", "catalogs")
FILES = ("pasted", "datasets", "sequences", "parsers")


@pytest.mark.parametrize("row", [*ROWS, *FILES])
def test_what_is_harmed_survives(row, tmp_path, need_pin):
    need_pin("ultralytics-8.3.0")
    command = [sys.executable, TORTURE, "--rows", row, "--sample", "--kept", tmp_path / "kept"]
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr


# They only read; `env create` has a row of its own
NOT_HARMED = {"list", "status", "diff", "doctor", "summary", "env"}


def test_every_command_that_writes_is_harmed(monkeypatch):
    monkeypatch.syspath_prepend(str(TORTURE))
    commands = importlib.import_module("commands")
    harmed = {command.words[0] for command in (*commands.LIGHT, *commands.HEAVY)}
    assert harmed | NOT_HARMED == set(_COMMANDS)
    assert not harmed & NOT_HARMED
