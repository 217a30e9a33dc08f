"""Find an interpreter, and say what to do where it cannot be used."""

from __future__ import annotations

import os
import shutil

from yolopatch.errors import YolopatchError


def find_executable(python: str) -> str:
    """Return the path of the interpreter, wherever it is started from.

    Raises:
        YolopatchError: there is none.
    """
    found = shutil.which(python)
    if found is None:
        raise YolopatchError(f"there is no interpreter {python}", hint="name one with --python")
    return os.path.abspath(found)  # links are kept: a virtual environment is known by its own


def start_error(python: str, error: OSError) -> YolopatchError:
    """Return the error of an interpreter that is there and cannot be run."""
    return YolopatchError(f"{python} cannot be started: {error.strerror}", hint="name another one with --python")


def requirements_hint(python: str) -> str:
    """Return what to do where the interpreter lacks a package."""
    return f"install upstream's requirements for {python}, or name another interpreter with --python"
