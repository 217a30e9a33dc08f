"""How much memory a child and all that it has started hold, and how much they may: Linux tells it, for others no limit.

A limit of the system's would be one of addresses: torch reserves many times of what it uses, and more on every GPU.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SHARE = 0.75  # of the machine's memory: the user's other programs, and what reads files, need the rest
_CONTAINERS = ("memory.max", "memory/memory.limit_in_bytes")  # below /sys/fs/cgroup, of both versions


def memory_of(pid: int) -> int:
    """Return how many bytes a process holds in memory, with all that it has started; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    return sum(map(_resident, (pid, *_below(pid))))


def most_memory() -> int | None:
    """Return how many bytes a child that a stranger's file may have filled can hold; None where it cannot be told."""
    if sys.platform != "linux":
        return None
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(min(there, *_container_limits(there)) * _SHARE)


def _container_limits(there: int) -> Iterator[int]:
    yield there
    for name in _CONTAINERS:
        with suppress(OSError, ValueError):  # there is none, or it says `max`
            yield int(Path("/sys/fs/cgroup", name).read_text(encoding="ascii"))


def _resident(pid: int) -> int:
    if sys.platform == "win32":
        return 0
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0  # it has just ended
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _below(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has just ended
            for child in map(int, thread.read_text(encoding="ascii").split()):
                yield child
                yield from _below(child)
