"""The script that a shell runs once, and the answer to its questions afterwards."""

from __future__ import annotations

import os
from typing import cast

import click
from click.shell_completion import ShellComplete, add_completion_class, get_completion_class

from yolopatch.cli import report
from yolopatch.cli.completion.power_shell import PowerShellComplete
from yolopatch.cli.group import COMPLETING

SHELLS = ("bash", "zsh", "fish", PowerShellComplete.name)
_COMMAND = "yolopatch"


def script(shell: str, command: click.Command) -> str:
    """Return the script that makes one of SHELLS complete a command."""
    return _of(shell, command).source()


def answer(command: click.Command) -> int:
    """Print what the shell that asks is to offer; return the exit code.

    An unknown shell, or another question, gets no answer: click's own codes tell the script so.
    """
    shell, _, question = os.environ[COMPLETING].partition("_")
    if shell not in SHELLS or question != "complete":
        return 1
    report.show_text({}, _of(shell, command).complete(), as_json=False)
    return 0


def _of(shell: str, command: click.Command) -> ShellComplete:
    add_completion_class(PowerShellComplete)
    form = cast("type[ShellComplete]", get_completion_class(shell))
    return form(command, {}, _COMMAND, COMPLETING)
