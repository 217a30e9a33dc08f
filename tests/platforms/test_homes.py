"""Odd homes: wherever and however a user works, the commands give the same commits and files."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from yolopatch.errors import EXIT_ACT, EXIT_USAGE

from ..torture.odd_homes import ABROAD, CONFIGURED

PIN = "ultralytics-8.3.0"
# All commands of a workspace in one process; torch is not imported.
COMMANDS = """
import hashlib, io, json, os, sys
from contextlib import redirect_stdout
from yolopatch.cli.run import run
answers = sys.stdout
def call(*words):
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as out:
        code = run([*words, "--json"])
        out.flush()
        said = out.buffer.getvalue().decode()
    assert code == 0, (words, said)
    return json.loads(said)
told = {}
dest = sys.argv[1]
told["applied"] = call("apply", "--repo", "ultralytics-8.3.0", "--module", "DSConv", "--dest", dest)["commit"]
told["added"] = call("apply", "--repo", "ultralytics-8.3.0", "--module", "SPConv", "--dest", dest)["commit"]
told["diff"] = hashlib.sha256(call("diff", dest)["diff"].encode()).hexdigest()
files = call("render-cfg", "--module", "DSConv", "--model", "yolo11", "--out", dest + "/cfg")["files"]
told["cfg"] = [hashlib.sha256(open(file["path"], "rb").read()).hexdigest() for file in files]
status = call("status", dest)
told["status"] = [status["clean"], status["branch"], [one["name"] for one in status["modules"]]]
told["removed"] = call("remove", "--module", "SPConv", dest)["commit"]
answers.write(json.dumps(told) + chr(10))
"""


@dataclass
class Home:
    """Where and how a user works."""

    folder: Path
    dest: str = "work"
    variables: dict[str, str | None] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    git_config: str = ""

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of Python there."""
        config = self.folder.parent / "gitconfig"
        config.write_text(self.git_config, encoding="utf-8")
        variables = {**os.environ, "GIT_CONFIG_GLOBAL": str(config), **self.variables}
        return subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=self.folder,
            env={name: value for name, value in variables.items() if value is not None},
            preexec_fn=self.before,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )


@pytest.fixture
def home(tmp_path, need_pin) -> Home:
    need_pin(PIN)
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def usual(tmp_path_factory, need_pin, cache) -> dict:
    """What the commands give in a home with nothing odd."""
    need_pin(PIN)
    folder = tmp_path_factory.mktemp("usual") / "home"
    folder.mkdir()
    done = Home(folder, variables={"YOLOPATCH_CACHE": str(cache)}).run(COMMANDS, "work")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _named(name: str) -> Callable[[Home], None]:
    return lambda home: setattr(home, "dest", name)


def _with(**variables: str | None) -> Callable[[Home], None]:
    return lambda home: home.variables.update(variables)


def _git(config: str) -> Callable[[Home], None]:
    return lambda home: setattr(home, "git_config", config)


def _locked_up(home: Home) -> None:
    """A home that nobody can write into, no folder for temporary files, and files that nobody else may read."""
    home.variables |= {"HOME": "/proc/1", "TMPDIR": "/no/such/folder"}
    home.before = lambda: os.umask(0o077)


def _old_git(home: Home) -> None:
    """A git that knows no option of later versions than 2.25."""
    real, commands = shutil.which("git"), home.folder.parent / "bin"
    commands.mkdir()
    later = ("--object-format", "--initial-branch", "--ref-format", "--write-fetch-head", "--end-of-options")
    refused = "|".join(f"*{option}*" for option in later)
    script = f'#!/bin/sh\ncase "$*" in {refused}) exit 129;; esac\nexec "{real}" "$@"\n'
    (commands / "git").write_text(script)
    (commands / "git").chmod(0o755)
    home.variables["PATH"] = f"{commands}:{os.environ['PATH']}"


HOMES = {
    "spaces and Chinese characters": _named("毕业设计/my own 'work' & $HOME"),
    "a name of 255 bytes": _named("n" * 255),
    "a path of 500 characters, with bytes that are no text": _named("/".join([*["folder" * 8] * 10, "\udcff\udcfe"])),
    "a system in another language": _with(**ABROAD),
    "no HOME": _with(HOME=None, XDG_CONFIG_HOME=None),
    "nothing that can be written but the work": _locked_up,
    "a git that is configured otherwise": _git(CONFIGURED),
    "git 2.25": _old_git,
}


@pytest.mark.parametrize("kind", HOMES)
def test_the_commands_give_the_same(kind, home, usual):
    HOMES[kind](home)
    done = home.run(COMMANDS, home.dest)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout) == usual


WITHOUT_GIT = {
    "apply": ("--repo", PIN, "--module", "DSConv"),
    "status": ("work",),
    "diff": ("work",),
    "remove": ("--module", "DSConv", "work"),
}


def test_without_git_every_command_that_needs_it_says_so(home, usual, spawn, tmp_path):
    (tmp_path / "work" / ".git").mkdir(parents=True)
    for command, words in WITHOUT_GIT.items():
        done = spawn(command, *words, cwd=tmp_path, PATH=str(tmp_path))
        assert (done.code, done.out) == (EXIT_ACT, ""), done.err
        assert done.err == "error: git is not installed or not on PATH\n  next: install git 2.25 or newer\n"
    assert spawn("render-cfg", "--module", "DSConv", "--out", "cfg", cwd=tmp_path, PATH=str(tmp_path)).code == 0


def test_a_git_that_is_too_old_is_named(home, usual, spawn, tmp_path):
    old = tmp_path / "git"
    old.write_text('#!/bin/sh\ncase "$*" in *version) echo "git version 2.17.1";; *) exit 129;; esac\n')
    old.chmod(0o755)
    done = spawn("apply", "--repo", PIN, "--module", "DSConv", cwd=home.folder, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.code == EXIT_ACT
    assert done.err == "error: git 2.17.1 is too old\n  next: install git 2.25 or newer\n"
    assert list(home.folder.iterdir()) == []


CLOSED = {"stdout": ">&-", "stderr": "2>&-", "all of them": "<&- >&- 2>&-"}


@pytest.mark.parametrize("streams", CLOSED)
def test_where_streams_are_closed_the_exit_code_is_the_same(streams, full_workspace):
    """A file that is opened later must not take the place of one, nor may a progress line fail."""
    command = [sys.executable, "-m", "yolopatch", "verify", str(full_workspace(PIN)), "--cfg", "no-such.yaml"]
    shell = f"{shlex.join(command)} {CLOSED[streams]}"
    assert subprocess.run(["/bin/sh", "-c", shell], capture_output=True).returncode == EXIT_USAGE


def test_a_current_folder_that_was_deleted_is_said(home, usual):
    script = f"import os, sys; os.rmdir('../home'); from yolopatch.cli.run import run; sys.exit(run({['status']!r}))"
    done = home.run(script)
    assert done.returncode == EXIT_ACT
    assert done.stderr.startswith("error: the current folder was deleted\n  next: cd to an existing folder")
