"""A tensor that a backward needs, and that forward has changed in place: where it was computed."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from torch.autograd.anomaly_mode import set_detect_anomaly
from torch.nn import Module

from .cause import Cause
from .raising import is_users

_CHANGED = "modified by an inplace operation"
_OPERATOR = re.compile(r"output \d+ of (?:struct torch::autograd::)?(\w+?)Backward\d*")
_FRAME = re.compile(r'File "(.+?)", line (\d+), in (\w+)')


def changed_in_place(error: BaseException, model: Callable[[], Module], again: Callable[[], object]) -> Cause | None:
    """Return the cause where a backward needs a tensor that was changed; None for any other exception.

    Args:
        error: the exception of a backward.
        model: gives a built model, to name the layer.
        again: takes a step of training: torch tells the line only where it notes each operator's, which is slow.
    """
    if _CHANGED not in str(error):
        return None
    file, line, function = _computed_at(again)
    operator = _OPERATOR.search(str(error))
    who = f"the output of {operator[1].lower()}" if operator else "a tensor"
    where = f", {Path(file).name}:{line} in {function}" if file else ""
    layer = _layer_of(model(), file, line)
    return Cause(
        f"the backward needs {who}{where}{layer}, and forward changes it in place afterwards",
        "compute on a copy: y = y * 2 in place of y.mul_(2) and y *= 2, y = y + z in place of y += z, torch.cat of a "
        "list of the parts in place of y[:, i] = z, or inplace=False",
    )


def _computed_at(again: Callable[[], object]) -> tuple[str, int, str]:
    """Return the user's innermost file, line and function that computed the tensor; ("", 0, "") where it is unknown."""
    with warnings.catch_warnings(record=True) as heard, set_detect_anomaly(True, check_nan=False):
        warnings.simplefilter("always")
        with suppress(RuntimeError):  # the same error again: only the warning is needed now
            again()
    found = "", 0, ""
    for warning in heard:
        for file, line, function in _FRAME.findall(str(warning.message)):
            if is_users(file):
                found = file, int(line), function
    return found


def _layer_of(model: Module, file: str, line: int) -> str:
    """Return ` of model.3 (Gate)` for the first module whose class has this line; empty where none has."""
    for name, module in model.named_modules():
        with suppress(OSError, TypeError):  # a class that is written in C, or whose file is gone
            lines, first = inspect.getsourcelines(type(module))
            if inspect.getsourcefile(type(module)) == file and first <= line < first + len(lines):
                return f" of {name} ({type(module).__name__})"
    return ""
