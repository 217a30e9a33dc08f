"""What a pasted file leaves open, asked at a terminal that is one: a pseudo-terminal with a process of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from yolopatch.errors import EXIT_INTERRUPTED, EXIT_USAGE

TWO = """import torch.nn as nn


class Left(nn.Module):
    def __init__(self, inp, oup):
        super().__init__()
        self.conv = nn.Conv2d(inp, oup, 1)

    def forward(self, x):
        return self.conv(x)


class Right(nn.Module):
    def __init__(self, inp, oup, kinds):
        super().__init__()
        self.conv = nn.Conv2d(inp, oup, 1, groups={3: 2, 5: 4}[kinds])

    def forward(self, x):
        return self.conv(x)
"""


@pytest.fixture
def typed(paste, own_catalog) -> Callable[..., tuple[int, str, str]]:
    """Add a file at a terminal and type these lines, then Ctrl-D; returns the exit code, stdout, and what is shown."""

    def run(text: str, *lines: str, arguments: tuple[str, ...] = ()) -> tuple[int, str, str]:
        terminal, end = pty.openpty()
        command = [sys.executable, "-m", "yolopatch", "add", str(paste(text, "Pasted.py")), *arguments]
        with subprocess.Popen(command, stdin=end, stdout=subprocess.PIPE, stderr=end) as process:
            os.close(end)
            os.write(terminal, ("".join(f"{line}\n" for line in lines) + "\x04").encode())
            shown = b""
            with suppress(OSError):  # how Linux says that the other end was closed
                while part := os.read(terminal, 4096):
                    shown += part
            out = process.stdout.read().decode()
        os.close(terminal)
        return process.returncode, out, shown.decode()

    return run


def entry(catalog, name: str) -> dict:
    """Give what the catalog has of a module."""
    return json.loads((catalog / "modules" / f"{name}.json").read_text("utf-8"))


def test_class_kind_and_arguments_are_asked_one_after_the_other(typed, own_catalog):
    code, out, shown = typed(TWO, "Right", "attention", "c1, c2, kinds=5")
    assert code == 0, shown
    for asked in ("which class", "Left: line 4", "the value of kinds is unknown", "arguments of Right", "like what"):
        assert asked in shown
    assert "added  Right" in out
    assert entry(own_catalog, "Right")["kind"] == "attention"
    assert entry(own_catalog, "Right")["tail"] == "5"


def test_an_answer_that_is_none_of_the_choices_is_asked_again(typed, own_catalog):
    code, _, shown = typed(TWO, "Middle", "left", "conv")
    assert code == 0, shown
    assert "'Middle' is not one of" in shown
    assert entry(own_catalog, "Left")["kind"] == "layer"


def test_another_name_is_asked_for_where_one_is_taken(typed, own_catalog):
    code, out, shown = typed(TWO.replace("Left", "SPConv"), "SPConv", "conv", "LeftConv")
    assert code == 0, shown
    assert "the name SPConv is taken" in shown
    assert "added  LeftConv" in out
    assert entry(own_catalog, "LeftConv")["symbol"] == "SPConv"


def test_what_an_option_says_is_not_asked(typed):
    code, out, shown = typed(TWO, arguments=("--class", "Left", "--like", "C3k2"))
    assert (code, "open:" in shown) == (0, False), shown
    assert "replaces  the block of the model" in out


def test_a_user_who_stops_has_added_nothing(typed, own_catalog):
    code, _, shown = typed(TWO, "Right")
    assert code == EXIT_INTERRUPTED, shown
    assert not own_catalog.exists()


def test_nobody_is_asked_where_a_program_reads(typed, own_catalog):
    code, out, _ = typed(TWO, arguments=("--json",))
    assert code == EXIT_USAGE
    assert "--class Right" in json.loads(out)["error"]["hint"]
    assert not own_catalog.exists()
