"""Listen to a process of the probe until it has answered, has ended, or must be ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yolopatch.outside.child.memory import most_memory
from yolopatch.outside.probe.process import Process

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1  # seconds between two looks: most tasks are short
_MOST_OUTPUT = 256 * 2**20  # bytes; a model that prints in a loop must not fill the disk

TOO_LONG, TOO_MUCH, TOO_LARGE = "too-long", "too-much", "too-large"
_KILLED = 9  # SIGKILL, which Windows does not have
# Exit codes of Windows, where a crash is no signal
_CRASHES = {
    0xC0000005: "access violation",
    0xC0000017: "out of memory",
    0xC000001D: "illegal instruction",
    0xC0000094: "integer division by zero",
    0xC00000FD: "stack overflow",
    0xC0000135: "a DLL was not found",
    0xC0000409: "abort",
}


@dataclass(frozen=True)
class Ended:
    """How a process ended before it had answered completely.

    Attributes:
        code: its exit code, or minus the number of the signal that ended it.
        why: TOO_LONG, TOO_MUCH or TOO_LARGE if we ended it, "" if it ended without us.
        limit: if we ended it, the allowed seconds, megabytes of output or gigabytes of memory.
    """

    code: int
    why: str = ""
    limit: float = 0

    @property
    def was_killed(self) -> bool:
        """Whether it was killed, but not by us: the system does this when memory runs out."""
        return not self.why and self.code == -_KILLED

    @property
    def signal_name(self) -> str:
        """The name of the signal that ended it, "" without a signal."""
        if self.code >= 0:
            return ""
        try:
            return signal.Signals(-self.code).name
        except ValueError:  # a real-time signal has no name
            return "unknown"

    @property
    def in_words(self) -> str:
        """The exit code; with its meaning if it is one of Windows: `exit code 0xC0000005 (access violation)`."""
        meaning = _CRASHES.get(self.code)
        return f"exit code 0x{self.code:X} ({meaning})" if meaning else f"exit code {self.code}"


def listen(
    process: Process,
    take: Callable[[Any], None],
    *,
    patience: Callable[[], float | None] = lambda: None,
    enough: Callable[[], bool] = lambda: False,
    look: Callable[[], None] = lambda: None,
) -> Ended | None:
    """Pass each message to `take`; return how the process ended, None if it answered enough before.

    Args:
        process: a started process.
        take: called with each message.
        patience: how many seconds the process may be silent now. None means no limit of time, of what it prints and
            of its memory.
        enough: whether no more messages are needed.
        look: called regularly while the process runs.
    """
    heard, pause = time.monotonic(), _FIRST_PAUSE
    while True:
        code = process.exit_code()  # before reading, so that nothing it wrote before its end is missed
        printed = process.printed()
        messages = process.new_messages()
        for message in messages:
            take(message)
        if messages:
            heard, pause = time.monotonic(), _FIRST_PAUSE
        look()
        if enough():
            return None
        if code is not None:
            return Ended(code)
        limit = patience()
        ended = _overdue(process, limit, time.monotonic() - heard)
        if ended:
            process.stop()
            return ended
        process.seen = printed
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _overdue(process: Process, limit: float | None, silent: float) -> Ended | None:
    if limit is None:
        return None
    if silent > limit:
        return Ended(-signal.SIGABRT, TOO_LONG, limit)
    if process.printed() > _MOST_OUTPUT:
        return Ended(-signal.SIGABRT, TOO_MUCH, _MOST_OUTPUT >> 20)
    most = most_memory()
    if most and process.memory() > most:
        return Ended(-signal.SIGABRT, TOO_LARGE, most / 2**30)
    return None
