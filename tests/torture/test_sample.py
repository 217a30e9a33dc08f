"""A few cases of each row of `make torture`, always the same ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from yolopatch.cli.group import _COMMANDS

TORTURE = Path(__file__).parent
ROWS = ("kills", "failures", "crowds", "two-caches", "mirrors", "archives", "forks", "checkpoints", "catalogs")
FILES = ("pasted", "yamls", "datasets", "sequences", "parsers")
LONG = ("kills-models", "grids", "environments", "platforms")  # the last has its own tests, in tests/platforms


@pytest.mark.more
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


# They only read, or run in the user's own words; `env create` has a row of its own
NOT_HARMED = {"list", "status", "diff", "doctor", "summary", "env create", "env run", "data check", "completion"}
# Options that choose what is computed, from what and by what, and not what is written where
_CHOOSES = """
    --json --python --source --flavor --scale --all-scales --imgsz --device --timeout --task --placement --block --nc
    --base --images --side --seed --bits --block-size --class --like --args --stride --outputs --boxes --gives
    --package --try --assigner
    --timm --name --repo --from --trust --layer --method --conf --limit --workspace --half --batch
    --data --epochs --weights --quick --set --workers --only --address --gpus-per-run --cpus-per-run --dry-run
    --events --cfg --folder --to --with --no-build --verify --lang
"""
# What takes minutes is harmed by tests of its own: `reproduce --run` in tests/reproduce, clusters in tests/cluster, and
# trackers in tests/ablate. `--update` is a step like `add` and one like `apply`, which are harmed
HARMED_ELSEWHERE = {"--run", "--fresh", "--engine", "--tracker", "--update"}


@pytest.fixture
def harmed(monkeypatch):
    """The words of every command that is harmed."""
    monkeypatch.syspath_prepend(str(TORTURE))
    commands, grids = importlib.import_module("commands"), importlib.import_module("grids")
    return [command.words for command in (*commands.LIGHT, *commands.HEAVY, *grids.GRIDS)]


def _commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, (module, _) in _COMMANDS.items():
        command = importlib.import_module(f"yolopatch.cli.{module}").command
        if isinstance(command, click.Group):
            yield from (((name, under), one) for under, one in command.commands.items())
        else:
            yield (name,), command


def test_every_command_that_writes_is_harmed(harmed):
    known = dict(_commands())
    found = {name for words in harmed for name in known if words[: len(name)] == name}
    assert {" ".join(name) for name in known.keys() - found} == NOT_HARMED


def test_every_option_that_writes_something_else_is_harmed(harmed):
    used = {word for words in harmed for word in words}
    options = {
        param.opts[0]
        for name, command in _commands()
        if " ".join(name) not in NOT_HARMED
        for param in command.params
        if isinstance(param, click.Option) and not used & {*param.opts, *param.secondary_opts}
    }
    assert options - set(_CHOOSES.split()) == HARMED_ELSEWHERE
