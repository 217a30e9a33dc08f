"""A plugin of pytest, for `make coverage`: a process of the probe writes what it has covered when it ends.

Once a process has said enough, it is killed, which is quicker than its own end and leaves nothing behind. What it has
covered would be lost. So here it gets some seconds to end by itself.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

from yolopatch.outside.probe.process import Process

PATIENCE = 20  # seconds
_leave = Process.__exit__


def _leave_later(self, kind, error, trace):
    if error is None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
    return _leave(self, kind, error, trace)


Process.__exit__ = _leave_later
