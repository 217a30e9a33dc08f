"""Causes that lie around a model's code: a file that it opens, a network that it asks, a method that torch calls.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import inspect
import re
import socket
from pathlib import Path
from traceback import walk_tb
from urllib.error import URLError

from torch import nn
from torch.nn import Module

from ..cause import Cause, place
from ..raising import Raised, first_line, frames_of, is_users, line_of


def no_network(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code asks the network for something, and gets no answer."""
    if not isinstance(found.error, (URLError, ConnectionError, TimeoutError, socket.gaierror)):
        return None
    return Cause(
        f"{_owners_line(found)} asks the network for something, and gets none ({first_line(found.error)[:120]})",
        "build the model without a download, and load the weights from a file once it is built: upstream builds a "
        "model again where it trains, resumes and exports, on machines without a network, too",
    )


def no_file(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code opens a file that is not there."""
    if not isinstance(found.error, FileNotFoundError) or not found.error.filename:
        return None
    name = str(found.error.filename)
    where = "" if Path(name).is_absolute() else " (from the folder in which the command is run)"
    return Cause(
        f"{_owners_line(found)} opens {name}{where}, and there is no such file",
        "build the model without the file, and load the weights once it is built: a checkpoint has them already, and "
        "whoever loads it need not have the file",
    )


def _owners_line(found: Raised) -> str:
    """Return the innermost line of a module's own code, which called what raised; else the innermost line."""
    lines = [
        line_of(frame, number)
        for frame, number in walk_tb(found.error.__traceback__)
        if isinstance(frame.f_locals.get("self"), Module) and is_users(frame.f_code.co_filename)
    ]
    return lines[-1] if lines else place(found) or "the code"


_METHOD = re.compile(r"^(\w+)\.(\w+)\(\) (?:takes|missing|got an unexpected)")


def other_method(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A class has a method of nn.Module's with other parameters, and torch calls it as its own."""
    match = _METHOD.search(str(found.error)) if isinstance(found.error, TypeError) else None
    frames = frames_of(found.error)
    if match is None or match[2] == "forward" or not frames or is_users(frames[-1].f_code.co_filename):
        return None
    own = getattr(nn.Module, match[2], None)
    if not inspect.isfunction(own):
        return None
    parameters = list(inspect.signature(own).parameters.values())[1:]
    names = ", ".join(str(one.replace(annotation=one.empty)) for one in parameters)
    return Cause(
        f"{match[1]} has its own {match[2]}(), and torch calls it as that of nn.Module, which takes other values "
        f"({first_line(found.error)[:120]})",
        f"write it with the parameters of torch's: def {match[2]}(self, {names}), and return what super() returns",
    )
