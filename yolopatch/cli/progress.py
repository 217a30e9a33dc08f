"""The progress of a long command: one line on stderr, on a terminal only."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yolopatch.outside.watch import Watch

DELAY = 2.0  # seconds; a command that ends earlier shows no line, unless it reports a step
_REDRAW = 0.1  # seconds


@contextmanager
def progress_line(label: str = "starting") -> Iterator[Watch]:
    """Show what the block is doing and for how long; yields the function to call at the start of each step.

    Args:
        label: what is shown until the first step is reported, or all the time if the block has no steps.
    """
    if not sys.stderr.isatty():
        yield lambda name, number, count: None
        return
    line = _Line(label)
    painter = threading.Thread(target=line.paint, daemon=True)
    painter.start()
    try:
        yield line.start_step
    finally:
        line.done.set()
        painter.join()


class _Line:
    def __init__(self, label: str) -> None:
        self.done = threading.Event()
        self._label, self._start, self._hidden_until = label, time.monotonic(), time.monotonic() + DELAY

    def start_step(self, name: str, number: int, count: int) -> None:
        self._label, self._start, self._hidden_until = f"[{number:>2}/{count}] {name}", time.monotonic(), 0.0

    def paint(self) -> None:
        drawn = False
        while not self.done.wait(_REDRAW):
            if time.monotonic() >= self._hidden_until:
                _draw(f"{self._label} \N{HORIZONTAL ELLIPSIS} {time.monotonic() - self._start:.0f} s")
                drawn = True
        if drawn:
            _draw("")


def _draw(text: str) -> None:
    sys.stderr.write(f"\r{text}\x1b[K")  # over the line before; the escape code clears the rest of a longer one
    sys.stderr.flush()
