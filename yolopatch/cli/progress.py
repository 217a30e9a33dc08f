"""A sign of life on a terminal for whatever takes over two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY = 2.0  # seconds of silence before anything is shown
_WIDTH = 24


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show a moving bar with the elapsed time on stderr while the block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    painter = threading.Thread(target=_paint, args=(label, done), daemon=True)
    painter.start()
    try:
        yield
    finally:
        done.set()
        painter.join()


def _paint(label: str, done: threading.Event) -> None:
    start = time.monotonic()
    if done.wait(DELAY):
        return
    while not done.wait(0.1):
        elapsed = time.monotonic() - start
        at = int(elapsed * 10) % _WIDTH
        bar = "".join("#" if (n - at) % _WIDTH < 4 else "-" for n in range(_WIDTH))
        sys.stderr.write(f"\r[{bar}] {label} {elapsed:.0f} s ")
        sys.stderr.flush()
    sys.stderr.write("\r" + " " * (_WIDTH + len(label) + 12) + "\r")
    sys.stderr.flush()


@contextmanager
def stepping() -> Iterator[Callable[[str, int, int], None]]:
    """Give what to tell of each step that begins: its name, its number from 1, and how many there are.

    One line on stderr shows the step and its elapsed time while the block runs, if that is a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda name, number, count: None
        return
    line = _StepLine()
    painter = threading.Thread(target=line.paint, daemon=True)
    painter.start()
    try:
        yield line.show
    finally:
        line.done.set()
        painter.join()


class _StepLine:
    def __init__(self) -> None:
        self.done = threading.Event()
        self._step = ("starting", time.monotonic())

    def show(self, name: str, number: int, count: int) -> None:
        self._step = (f"[{number:>2}/{count}] {name}", time.monotonic())

    def paint(self) -> None:
        while not self.done.wait(0.1):
            label, begun = self._step
            # rewritten in place; the rest of a longer line before it is cleared
            sys.stderr.write(f"\r{label} \N{HORIZONTAL ELLIPSIS} {time.monotonic() - begun:.0f} s\x1b[K")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
