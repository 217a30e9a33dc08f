"""End this process when the one that asked is gone, however that one ended."""

import os
import signal
import threading


def hold(descriptor):
    """Watch the reading end of a pipe whose other end only the asking process holds, and never writes to.

    When that end closes, this process and those that it started (its process group) are killed.
    """
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()


def _wait(descriptor):
    os.read(descriptor, 1)
    os.killpg(0, signal.SIGKILL)
