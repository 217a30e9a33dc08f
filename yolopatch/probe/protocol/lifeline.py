"""End this process when its parent has ended, also when the parent was killed."""

from __future__ import annotations

import os
import signal
import threading


def hold(descriptor: int) -> None:
    """Watch the reading end of a pipe. Only the parent holds the writing end, and it never writes.

    When the parent ends, the pipe closes; then this process and its children (its process group) are killed.
    """
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()


def _wait(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.killpg(0, signal.SIGKILL)
