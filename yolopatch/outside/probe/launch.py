"""How the probe is started: with which interpreter, in which folder, with which environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.outside.child.group import temporary_in
from yolopatch.outside.environment.child_variables import child_variables
from yolopatch.outside.environment.executable import find_executable

_SEALED = "YOLOPATCH_SEALED"  # as `probe/guard/` knows it, which imports nothing of ours


@dataclass(frozen=True)
class Launch:
    """How to start a process of the probe.

    Attributes:
        python: the path of the interpreter.
        folder: the folder in which it starts.
        variables: all its environment variables.
        flags: options of the interpreter.
    """

    python: str
    folder: Path
    variables: Mapping[str, str]
    flags: tuple[str, ...] = ()


def isolated_launch(python: str, folder: Path) -> Launch:
    """Return how to run upstream's code away from the user's files: everything that it writes is in the folder.

    Raises:
        YolopatchError: the interpreter does not exist.
    """
    executable, temporary = find_executable(python), folder / "tmp"
    temporary.mkdir()
    variables = {
        **child_variables(folder / "settings", executable),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it, matrix products on CUDA are not deterministic
        **temporary_in(temporary),
    }
    return Launch(executable, folder, variables)


def sealed_launch(python: str, folder: Path) -> Launch:
    """Return how to run the code of a stranger: as `isolated_launch`, and kept to itself (`probe/guard/seal.py`).

    No network, no other program, and no file is written but in the folder.

    Raises:
        YolopatchError: the interpreter does not exist.
    """
    launch = isolated_launch(python, folder)
    return replace(launch, variables={**launch.variables, _SEALED: str(folder)})


def users_launch(python: str, place: Path) -> Launch:
    """Return how to ask the interpreter as the user would start it in a folder: with all of their own variables.

    Raises:
        YolopatchError: the interpreter does not exist.
    """
    return Launch(find_executable(python), place, {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def interpreter_launch(python: str, folder: Path, flags: tuple[str, ...] = ()) -> Launch:
    """Return how to run a task about the interpreter itself, which imports no upstream.

    Raises:
        YolopatchError: the interpreter does not exist.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return Launch(find_executable(python), folder, {**variables, "PYTHONDONTWRITEBYTECODE": "1"}, flags)
