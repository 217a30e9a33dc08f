"""End this process and all that it started when its parent has ended, also when the parent was killed."""

from __future__ import annotations

import atexit
import os
import signal
import sys


def hold(descriptor: int) -> None:
    """Watch the reading end of a pipe. Only the parent holds the writing end, and it never writes.

    When the parent ends, the pipe closes; then this process and its children (its process group) are killed. A second
    process watches: a thread would wait for the interpreter's lock, which one long call into C code may hold for ever.
    Call this before anything starts a thread. On Windows, where a job ends the process, nobody asks for it.
    """
    if sys.platform == "win32":
        raise OSError("Windows has no process groups")
    watcher = os.fork()
    if watcher == 0:
        try:
            os.read(descriptor, 1)
        finally:
            os.killpg(0, signal.SIGKILL)
    os.close(descriptor)
    atexit.register(_release, os.getpid(), watcher)


def _release(held: int, watcher: int) -> None:
    """End the watcher, so that none is left as a zombie where no process of the system collects them."""
    if sys.platform != "win32" and os.getpid() == held:  # a child that was forked from this process inherits the call
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)
