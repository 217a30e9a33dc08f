"""The progress of a long command on stderr: one line on a terminal, and now and then a line elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from yolopatch.cli.report import draw_over
from yolopatch.core.language.spoken import spoken
from yolopatch.core.text import shorten
from yolopatch.outside.watch import Watch, no_watch

DELAY = 2.0  # seconds; a command that ends earlier shows no line, unless it reports a step
_REDRAW = 0.1  # seconds


@contextmanager
def progress_line(label: str = "starting", seconds: float | None = None) -> Iterator[Watch]:
    """Show what the block is doing and for how long; yields the function to call at the start of each step.

    Args:
        label: what is shown until the first step is reported, or all the time if the block has no steps.
        seconds: after how many seconds another line is printed where stderr is no terminal; None for no line there.
    """
    line = _Line(label)
    if sys.stderr.isatty():
        painter = threading.Thread(target=line.paint, daemon=True)
    elif seconds is not None:
        painter = threading.Thread(target=line.print_every, args=(seconds,), daemon=True)
    else:
        yield no_watch
        return
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
        self._number = 0

    def start_step(self, name: str, number: int, count: int) -> None:
        """Show a step; a step that is shown again with other words goes on."""
        self._label, self._hidden_until = f"[{number:>2}/{count}] {spoken().translate(name)}", 0.0
        if number != self._number:
            self._number, self._start = number, time.monotonic()

    @property
    def _text(self) -> str:
        return f"{spoken().translate(self._label)} \N{HORIZONTAL ELLIPSIS} {time.monotonic() - self._start:.0f} s"

    def paint(self) -> None:
        drawn = False
        while not self.done.wait(_REDRAW):
            if time.monotonic() >= self._hidden_until:
                # a line that is longer than the terminal would stay there: only its last part can be drawn over
                (text,) = shorten([self._text], max(shutil.get_terminal_size().columns - 1, 1))
                draw_over(text)
                drawn = True
        if drawn:
            draw_over("")

    def print_every(self, seconds: float) -> None:
        while not self.done.wait(seconds):
            sys.stderr.write(f"{self._text}\n")
            sys.stderr.flush()
