"""A process group whose members end when yolopatch ends, also when it is killed.

For children that start others: git runs a second program to fetch and a third to unpack, and what makes an environment
runs another to put pip into it. Linux ends a child whose parent has died, if the child asks for it before its program
starts; but it ends the child alone, and Python must copy itself for such a call: with torch in memory, git would take
10 ms to start instead of 2 ms.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from threading import Lock
from typing import Any

# It waits for the end of its stdin, which nobody else reads and nobody writes, and kills the group that it is in.
_GUARD = ("/bin/sh", "-c", "read end; kill -KILL 0")


class Guard:
    """The first process of a group, which ends all of it when yolopatch ends. Only yolopatch holds the writing end of
    its stdin."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def group(self) -> int:
        """Return the id of its process group. Start it where it does not run."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(_GUARD, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, **joining(0))
            return self.process.pid

    def end_others(self) -> None:
        """End the whole group, itself included; the next child starts another one."""
        with self.lock:
            # Windows: no child has joined, and `jobs.held` ends what it has started
            if sys.platform != "win32" and self.process and self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.end()

    def end(self) -> None:
        """Let it end, so that none is left as a zombie where no process of the system collects them."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait()


def joining(group: int) -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` that start a child in a process group, 0 for a group of its own."""
    if sys.platform == "win32":  # it has no process groups of this kind: `jobs.held` ends the child
        return {}
    if sys.version_info >= (3, 11):
        return {"process_group": group}
    return {"preexec_fn": lambda: os.setpgid(0, group)}


_guard = Guard()


def ending_with_us() -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` that start a child which ends with us, with all that it starts.

    It is not in the terminal's foreground: it must not ask there, and Ctrl-C does not reach it. The child joins the
    group before it lets go of the guard's stdin; so none can start unseen while we are killed.
    """
    return {} if sys.platform == "win32" else joining(_guard.group())


def end_children() -> None:
    """End all children that `ending_with_us` started, with all that they have started and left."""
    _guard.end_others()


atexit.register(_guard.end)
