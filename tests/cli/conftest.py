"""Ways to run the command line, and workspaces that tests may spoil."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from yolopatch.cli.run import run

PIN = "ultralytics-8.3.0"


@dataclass(frozen=True)
class Ran:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object on stdout; anything else there is an error."""
        assert self.out.endswith("}\n"), self.out
        return json.loads(self.out)


@pytest.fixture
def yolopatch(capfd) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def spawn() -> Callable[..., Ran]:
    """Run the command line in a process of its own: `python -m yolopatch`."""

    def call(*arguments: object, cwd: Path | None = None, python: tuple[str, ...] = (), **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, *python, "-m", "yolopatch", *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def popen() -> Callable[..., subprocess.Popen]:
    """Start the command line and let the test go on; Ctrl-C reaches it even where this run ignores it."""

    def start(*arguments: object, **options: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "yolopatch", *map(str, arguments)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # a shell starts its background jobs with SIGINT ignored, and children inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            **options,
        )

    return start


@pytest.fixture
def workspace(tmp_path, yolopatch, need_pin) -> Path:
    """A workspace of PIN with RefConv, for one test alone."""
    need_pin(PIN)
    place = tmp_path / "a workspace"
    ran = yolopatch("apply", "--repo", PIN, "--module", "RefConv", "--dest", place)
    assert ran.code == 0, ran.err
    return place
