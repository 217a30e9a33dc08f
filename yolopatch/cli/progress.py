"""A sign of life on a terminal for whatever takes over two seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
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
