"""Run commands under a pseudo-terminal, and keep what they print with the time of each piece."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = "yolopatch"
# variables that would change what is printed from what a new user sees
_OURS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LANGUAGE", "YOLOPATCH_LANG")


@dataclass(frozen=True)
class Piece:
    """What a command wrote at once.

    Attributes:
        seconds: since the command was started.
        text: with the escape sequences that a terminal obeys.
    """

    seconds: float
    text: str


@dataclass(frozen=True)
class Recorded:
    """A command that was run.

    Attributes:
        line: as it is typed.
        pieces: what it printed, on stdout and stderr, in order.
        seconds: how long it took.
        code: its exit code.
    """

    line: str
    pieces: tuple[Piece, ...]
    seconds: float
    code: int


def record(line: str, folder: Path, columns: int, rows: int, locale: str) -> Recorded:
    """Run a line `yolopatch ...` in a folder, on a terminal of this size and with this locale (`en_US.UTF-8`).

    Where the output names the folder, `/home/you` stands instead: the folder is another one in each recording.

    Raises:
        ValueError: the line is none of yolopatch's.
        OSError: the system is Windows, which has no pseudo-terminals of this kind.
    """
    if sys.platform == "win32":
        raise OSError("a recording needs a pseudo-terminal: make it on Linux or macOS")
    words = shlex.split(line)
    if words[0] != _PROGRAM:
        raise ValueError(f"only {_PROGRAM} is recorded, not {words[0]}")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    start = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "yolopatch", *words[1:]],
        cwd=folder,
        env=_environment(os.environ, locale),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        pieces = tuple(_pieces(ours, start, str(folder)))
    finally:
        os.close(ours)
        code = child.wait()
    return Recorded(line, pieces, time.monotonic() - start, code)


def _environment(variables: Mapping[str, str], locale: str) -> dict[str, str]:
    kept = {name: value for name, value in variables.items() if name not in _OURS}
    # UTF-8 also where the system has no such locale
    return {**kept, "TERM": "xterm-256color", "LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "1"}


def _pieces(terminal: int, start: float, folder: str) -> Iterator[Piece]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    while data := _read(terminal):
        text = decoder.decode(data)
        yield Piece(time.monotonic() - start, text.replace(folder, "/home/you"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the last process that had the terminal open has ended
        return b""
