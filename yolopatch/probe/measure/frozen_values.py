"""Values that a trace keeps although they depend on the image: a tensor became a Python value while it was traced."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import getsourcefile, getsourcelines
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..build.subject import Subject

Line = tuple[str, int]
"""A file and a line in it, from 1."""

# what torch's tracer says of a size, too, because it traces sizes as tensors
_PERHAPS_A_SIZE = re.compile(
    r"to a Python (?:boolean|integer|float|index|number)|Using len to get tensor shape|Iterating over a tensor"
)


@contextmanager
def tracer_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Record the warnings of torch's tracer."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield heard


def frozen_lines(subject: Subject, heard: Sequence[warnings.WarningMessage]) -> list[str]:
    """Return the lines of new classes, `file:line`, in which a tensor of the trace became a Python value.

    Sizes do not count: upstream exports for images of one size, and for all of these they are right.

    Args:
        subject: the model that was traced.
        heard: see `tracer_warnings`.
    """
    kind = torch.jit.TracerWarning  # type: ignore[attr-defined]  # torch does not declare it as exported
    texts: dict[Line, list[str]] = {}
    for warning in heard:
        if issubclass(warning.category, kind):
            texts.setdefault((warning.filename, warning.lineno), []).append(str(warning.message))
    inside = {line: said for line, said in texts.items() if _is_of_new_class(subject, line)}
    doubtful = {line for line, said in inside.items() if all(map(_PERHAPS_A_SIZE.search, said))}
    frozen = inside.keys() - doubtful | _reading_values(subject, doubtful)
    return sorted(f"{Path(file).name}:{line}" for file, line in frozen)


def _is_of_new_class(subject: Subject, line: Line) -> bool:
    return any(line[0] == file and line[1] in lines for file, lines in map(_lines_of, subject.new_classes))


def _lines_of(new: type) -> tuple[str | None, range]:
    """Return the file that defines a class, and its lines."""
    try:
        source, first = getsourcelines(new)
    except (OSError, TypeError):  # a class that was made at run time has no source
        return None, range(0)
    return getsourcefile(new), range(first, first + len(source))


@torch.no_grad()
def _reading_values(subject: Subject, lines: set[Line]) -> set[Line]:
    """Return those of the lines that read a tensor's value where nothing is traced: sizes are numbers there."""
    if not lines:
        return set()
    mode = _Reads(lines)
    with mode:
        subject.calibrated(subject.calibration_images[:1])
    return mode.found


class _Reads(TorchDispatchMode):
    """Notes which of some lines make a Python value of a tensor."""

    def __init__(self, lines: set[Line]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self._lines = lines
        self.found: set[Line] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__.startswith("_local_scalar_dense"):  # of int(), float(), bool() and item()
            self.found |= self._lines & set(_callers())
        return func(*args, **(kwargs or {}))


def _callers() -> Iterator[Line]:
    """Yield the lines that are running, from the inside out."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
