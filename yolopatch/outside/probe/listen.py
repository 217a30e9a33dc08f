"""Listen to a process of the probe until it has said enough, has ended, or has to be ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yolopatch.outside.probe.process import Process

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1  # seconds between two looks at a process: most tasks are short
_MOST_OUTPUT = 256 * 2**20  # bytes; a model that prints in a loop must not fill the disk

TOO_LONG, TOO_MUCH = "too-long", "too-much"


@dataclass(frozen=True)
class Ended:
    """How a process ended before it had said enough.

    Attributes:
        code: its exit code; minus the number of the signal that ended it.
        why: TOO_LONG or TOO_MUCH where we ended it, "" where it ended by itself.
        limit: the seconds, or the megabytes, that were allowed where we ended it.
    """

    code: int
    why: str = ""
    limit: float = 0

    @property
    def was_killed(self) -> bool:
        """Whether somebody else killed it: the system does where memory runs out."""
        return not self.why and self.code == -signal.SIGKILL

    @property
    def signal_name(self) -> str:
        """The name of the signal that ended it, "" where it ended by itself."""
        if self.code >= 0:
            return ""
        try:
            return signal.Signals(-self.code).name
        except ValueError:  # a real-time signal has no name
            return "unknown"


def listen(
    process: Process,
    take: Callable[[Any], None],
    *,
    patience: Callable[[], float | None] = lambda: None,
    enough: Callable[[], bool] = lambda: False,
    look: Callable[[], None] = lambda: None,
) -> Ended | None:
    """Take each message as it comes; return how the process ended, None where it had said enough before.

    Args:
        process: it has been started.
        take: takes each message.
        patience: how many seconds the process may now be silent, None for as long as it likes; then it prints no
            more than a model may, either.
        enough: whether nothing more is to be heard.
        look: called now and then while it goes on.
    """
    heard, pause = time.monotonic(), _FIRST_PAUSE
    while True:
        code = process.exit_code()  # first: what it wrote before it ended is read then
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
    return None
