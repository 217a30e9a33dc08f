"""`env`: the environment in which a pin really trains, made where nothing that is there fits."""

from __future__ import annotations

import sys
from pathlib import Path

from yolopatch.catalog.pins import Pin
from yolopatch.outside.interpreter import Interpreter, inspect_interpreter


def find_environment(pin: Pin, python: str | None, cache: Path) -> Interpreter:
    """Return the named interpreter, else that of the environment made for the pin, else the current one.

    Raises:
        YolopatchError: the named one is no Python that could do.
    """
    return inspect_interpreter(python or sys.executable)
