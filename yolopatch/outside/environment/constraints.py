"""What pip and uv must keep when they install into an environment, beside what the user tells them to keep."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from yolopatch.outside.files.staging import write_whole

FILE = "constraints.txt"
_PIP, _UV = "PIP_CONSTRAINT", "UV_CONSTRAINT"
# as `pip config list` prints it; the setting of a command counts more than the one of all commands
_SETTINGS = (r"^install\.constraint=(.*)$", r"^global\.constraint=(.*)$")


def constraint_variables(
    lines: Iterable[str], folder: Path, python: str, variables: Mapping[str, str]
) -> dict[str, str]:
    """Write a constraints file and return the variables by which pip and uv follow it and those of the user.

    Args:
        lines: the constraints, each a requirement.
        folder: where the file is written.
        python: the interpreter whose pip is asked for the constraints in its configuration files.
        variables: the environment variables so far, with the user's own constraints.
    """
    file = folder / FILE
    write_whole(file, "".join(f"{line}\n" for line in lines).encode())
    ours = file.absolute().as_uri()  # both split at spaces, which a path may have and an address does not
    of_pip = variables.get(_PIP) or _configured(python, variables)
    return {_PIP: _joined(of_pip, ours), _UV: _joined(variables.get(_UV, ""), ours)}


def _configured(python: str, variables: Mapping[str, str]) -> str:
    """Return the constraints of pip's configuration files, which the variable replaces; "" for none, or without pip."""
    command = [python, "-m", "pip", "config", "list"]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, errors="replace")
    found = (re.search(setting, done.stdout, re.MULTILINE) for setting in _SETTINGS)
    value = next((match[1] for match in found if match), "''")
    return str(ast.literal_eval(value))


def _joined(theirs: str, ours: str) -> str:
    # the command may start in another folder than the one in which the user named a file
    places = (Path(word).absolute().as_uri() if Path(word).is_file() else word for word in theirs.split())
    return " ".join((*places, ours))
