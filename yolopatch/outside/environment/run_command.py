"""Run a command for the user, in front of them: what it prints is theirs, and so is its exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from yolopatch.errors import YolopatchError

_SIGNALLED = 128  # what a shell adds to the number of the signal that ended a command


def run_command(command: Sequence[str], folder: Path, environment: Mapping[str, str], quiet: bool) -> int:
    """Run the command in the folder and return its exit code.

    Args:
        quiet: what it prints goes to stderr.

    Raises:
        YolopatchError: there is no such command.
    """
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise YolopatchError(
            f"there is no command {command[0]} in the environment", hint="python and what pip installed are there"
        )
    process = subprocess.Popen(
        [program, *command[1:]], cwd=folder, env=dict(environment), stdout=sys.stderr.fileno() if quiet else None
    )
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue  # it was interrupted as well, and may want to save what it has
        return _SIGNALLED - code if code < 0 else code
