"""Find an interpreter, and the errors of one that cannot be used."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from yolopatch.errors import YolopatchError


def find_executable(python: str) -> str:
    """Return the absolute path of the interpreter.

    Raises:
        YolopatchError: it does not exist.
    """
    found = shutil.which(python)
    if found is None:
        raise YolopatchError(f"interpreter {python} was not found", hint="name one with --python")
    return os.path.abspath(found)  # links are kept: the link is what makes a virtual environment


def environment_python(folder: Path) -> Path:
    """Return the path of the interpreter of the virtual environment in this folder."""
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def commands_folder(python: Path) -> Path:
    """Return the folder with the commands of an interpreter's packages.

    It is the interpreter's own folder, but on Windows only in a virtual environment.
    """
    folder = python.parent
    return folder / "Scripts" if sys.platform == "win32" and folder.name.casefold() != "scripts" else folder


def start_error(python: str, error: OSError) -> YolopatchError:
    """Return the error of an interpreter that exists but cannot be started."""
    return YolopatchError(f"{python} cannot be started: {error.strerror}", hint="name another one with --python")


def requirements_hint(python: str) -> str:
    """Return the hint for an interpreter that lacks a package."""
    return f"install upstream's requirements for {python}, or name another interpreter with --python"
