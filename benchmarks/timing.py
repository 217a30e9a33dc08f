"""What every benchmark needs: run a command, time tasks in turn, and how many rounds of it.

The environment variable `ROUNDS` (`make bench ROUNDS=1`) replaces the number of rounds of every benchmark. One round
shows that a benchmark still runs; its figures say nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

YOLOPATCH = (str(Path(sys.executable).with_name("yolopatch")),)

Task = tuple[Callable[[], object], Callable[[], object]]  # what is timed, and what cleans up after it


@dataclass(frozen=True)
class Timing:
    """Seconds of each round."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds, in seconds."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        spread = f"{min(self.seconds) * 1e3:.0f} to {max(self.seconds) * 1e3:.0f}"
        return f"  {self.name:<46}{self.median * 1e3:10.1f}  ({spread})"


def rounds(usual: int) -> int:
    """Return how many rounds to run: the usual number, or what `ROUNDS` says.

    Raises:
        SystemExit: `ROUNDS` is no number from 1 on.
    """
    text = os.environ.get("ROUNDS") or str(usual)
    if not text.isdecimal() or int(text) < 1:
        raise SystemExit(f"error: ROUNDS is {text!r}\n  expected: a number from 1 on\n  next: make bench ROUNDS=1")
    return int(text)


def nothing() -> None:
    """Leave everything as it is."""


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command; its failure ends the benchmark, with what the command printed."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"error: {' '.join(command)} ended with exit code {done.returncode}\n{done.stdout}")


def python(code: str) -> None:
    """Run code in a new interpreter."""
    run(sys.executable, "-c", code)


def timed(task: Callable[[], object]) -> float:
    """Return the seconds that a task takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def interleaved(tasks: Mapping[str, Task], number: int, warm: bool = True) -> dict[str, Timing]:
    """Time each task once a round, one after the other, so that all see the same machine.

    Args:
        tasks: by name.
        number: how many rounds.
        warm: whether one more round comes first, which warms the disk's cache and does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(-warm, number):
        for name, (task, clean) in tasks.items():
            elapsed = timed(task)
            clean()
            if round_ >= 0:
                seconds[name].append(elapsed)
    return {name: Timing(name, tuple(values)) for name, values in seconds.items()}
