"""Run a command for the user, in their terminal: they see its output and get its exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from yolopatch.errors import YolopatchError

_SIGNALLED = 128  # a shell adds this to the number of the signal that ended a command


def run_command(command: Sequence[str], folder: Path, environment: Mapping[str, str], quiet: bool) -> int:
    """Run the command in the folder and return its exit code.

    Args:
        command: the program and its arguments.
        folder: where it starts.
        environment: its environment variables.
        quiet: print its output to stderr.

    Raises:
        YolopatchError: the command does not exist.
    """
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise YolopatchError(
            f"the environment has no command {command[0]}",
            hint="it has python, and the commands of the packages that pip installed",
        )
    process = subprocess.Popen(
        [program, *command[1:]], cwd=folder, env=dict(environment), stdout=sys.stderr.fileno() if quiet else None
    )
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # the command got the signal, too, and may be saving its results
        return _SIGNALLED - code if code < 0 else code
