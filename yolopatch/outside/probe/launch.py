"""The settings in which the probe is run: by which interpreter, in which folder, with which environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.environment.child_variables import child_variables
from yolopatch.outside.environment.executable import find_executable


@dataclass(frozen=True)
class Launch:
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


def isolated_launch(python: str, folder: Path) -> Launch:
    """Return the launch for upstream's code far from the user's files: what it leaves behind lies in the folder.

    Raises:
        YolopatchError: there is no such interpreter.
    """
    executable, temporary = find_executable(python), folder / "tmp"
    temporary.mkdir()
    variables = {
        **child_variables(folder / "settings", executable),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it CUDA has no deterministic matrix products
        "TMPDIR": str(temporary),
    }
    return Launch(executable, folder, variables)


def interpreter_launch(python: str, folder: Path, flags: tuple[str, ...] = ()) -> Launch:
    """Return the launch for what asks the interpreter itself and imports no upstream.

    Raises:
        YolopatchError: there is no such interpreter.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return Launch(find_executable(python), folder, {**variables, "PYTHONDONTWRITEBYTECODE": "1"}, flags)
