"""The settings in which the probe is run: by which interpreter, in which folder, with which environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.environment.executable import find_executable
from yolopatch.outside.environment.surroundings import child_environment


@dataclass(frozen=True)
class Setting:
    """How a process of the probe is run.

    Attributes:
        python: the path of the interpreter.
        folder: where it is started.
        variables: its whole environment.
        flags: options of the interpreter's.
    """

    python: str
    folder: Path
    variables: Mapping[str, str]
    flags: tuple[str, ...] = ()


def apart(python: str, folder: Path) -> Setting:
    """Return the setting for upstream's code far from the user's files: what it leaves behind lies in the folder.

    Raises:
        YolopatchError: there is no such interpreter.
    """
    executable, temporary = find_executable(python), folder / "tmp"
    temporary.mkdir()
    variables = {
        **child_environment(folder / "settings", executable),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it CUDA has no deterministic matrix products
        "TMPDIR": str(temporary),
    }
    return Setting(executable, folder, variables)


def bare(python: str, folder: Path, flags: tuple[str, ...] = ()) -> Setting:
    """Return the setting for what asks the interpreter itself and imports no upstream.

    Raises:
        YolopatchError: there is no such interpreter.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return Setting(find_executable(python), folder, {**variables, "PYTHONDONTWRITEBYTECODE": "1"}, flags)
