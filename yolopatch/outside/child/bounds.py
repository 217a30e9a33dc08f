"""How much a running command may write, print and take: for commands that store what a stranger's server sends."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.folders import entries_below

_LOOK = 0.1  # seconds between two looks


class OversteppedError(YolopatchError):
    """A command was stopped because it went over a bound; `what` says which, as the end of a sentence."""


@dataclass(frozen=True)
class Bounds:
    """What a command may do until it is stopped.

    Attributes:
        folder: what it writes lies in it.
        size: bytes in all files of the folder.
        output: bytes of its error output.
        seconds: from its start to its end.
    """

    folder: Path
    size: int
    output: int
    seconds: float


def communicate_within(process: subprocess.Popen[bytes], stdin: bytes, bounds: Bounds) -> tuple[bytes, bytes]:
    """Give a command its input, wait for its end, and return its output and its error output.

    The caller ends it where this raises.

    Raises:
        OversteppedError: it went over a bound. Its error output is counted on POSIX alone.
    """
    end = time.monotonic() + bounds.seconds
    while True:
        try:
            return process.communicate(stdin, timeout=_LOOK)
        except subprocess.TimeoutExpired as still_running:
            if _size(bounds.folder) > bounds.size:
                raise OversteppedError(f"it sends more than {_megabytes(bounds.size)}") from None
            if len(still_running.stderr or b"") > bounds.output:
                raise OversteppedError(f"it sends more than {_megabytes(bounds.output)} of messages") from None
            if time.monotonic() > end:
                raise OversteppedError(f"it had not sent all in {bounds.seconds:g} s") from None


def _size(folder: Path) -> int:
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path in entries_below(folder):
        try:
            yield path.lstat().st_size
        except FileNotFoundError:  # it was temporary
            continue


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.0f} MB"
