"""The command line as a process to interrupt, and a workspace that tests may spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

PIN = "ultralytics-8.3.0"


@pytest.fixture
def workspace(tmp_path, yolopatch, need_pin) -> Path:
    """A workspace of PIN with RefConv, for one test alone."""
    need_pin(PIN)
    place = tmp_path / "a workspace"
    ran = yolopatch("apply", "--repo", PIN, "--module", "RefConv", "--dest", place)
    assert ran.code == 0, ran.err
    return place


@pytest.fixture
def apply(request, yolopatch, tmp_path, need_pin):
    """Apply to a workspace of this name, of the test file's PIN by default; gives what it printed."""

    def call(name: str, *arguments: str, pin: str = request.module.PIN):
        need_pin(pin)
        ran = yolopatch("apply", "--repo", pin, *arguments, "--dest", tmp_path / name, "--json")
        assert ran.code == 0, ran.err
        return ran

    return call
