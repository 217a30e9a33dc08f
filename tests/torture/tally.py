"""What a row tried and what survived; what did not is kept in a folder with its input."""

from __future__ import annotations

import math
import random
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

_Case = TypeVar("_Case")
WORKERS = 2


class Died(Exception):
    """Something did not survive. The message says what was done, what was expected and what was found.

    Args:
        what: for the reader.
        inputs: files or folders that show it again; they are copied.
    """

    def __init__(self, what: str, *inputs: Path) -> None:
        super().__init__(what)
        self.inputs: tuple[Path, ...] = inputs


@dataclass(frozen=True)
class Budget:
    """How much a row may try.

    Attributes:
        seconds: no new case is begun after them.
        most: the number of cases of each kind, None for all.
        seed: which cases come first, and every random choice.
        case: a part of the names of the cases to try; "" for all.
        until_died: whether the first that does not survive ends the row.
    """

    seconds: float
    most: int | None
    seed: int
    case: str = ""
    until_died: bool = False


@dataclass
class Tally:
    """The count of one row."""

    row: str
    budget: Budget
    kept: Path
    tried: int = 0
    planned: int = 0
    died: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _start: float = field(default_factory=time.monotonic)
    _end: float | None = None

    @property
    def survived(self) -> int:
        """How many of the tried did."""
        return self.tried - len(self.died)

    @property
    def seconds(self) -> float:
        """How long the row has run, until it was closed."""
        return (self._end or time.monotonic()) - self._start

    def close(self) -> None:
        """Stop the row's clock."""
        self._end = time.monotonic()

    def has_time(self, share: float = 1.0) -> bool:
        """Return whether another case may begin, in a share of the row's time."""
        return self.seconds < self.budget.seconds * share and not (self.died and self.budget.until_died)

    def each(
        self,
        cases: Iterable[_Case],
        attempt: Callable[[_Case], object],
        *,
        sampled: bool = True,
        share: float = 1.0,
        least: int = 0,
    ) -> None:
        """Try cases, some at a time, in an order that the seed chooses, as long as there is time.

        Args:
            cases: the cases.
            attempt: tries one; it raises `Died` where it did not survive.
            sampled: whether a sample takes only some of them.
            share: the share of the row's time after which none begins: the rest is for other cases.
            least: how many are tried however late it is: where a machine is busy, a preparation takes all of the time.
        """
        chosen = [case for case in cases if self.budget.case in str(case)]
        random.Random(self.budget.seed).shuffle(chosen)
        chosen = chosen[: self.budget.most] if sampled else chosen
        with self._lock:
            self.planned += len(chosen)
        with ThreadPoolExecutor(WORKERS) as pool:
            shares = (math.inf if number < least else share for number in range(len(chosen)))
            list(pool.map(lambda case, until: self.attempt(str(case), lambda: attempt(case), until), chosen, shares))

    def attempt(self, name: str, attempt: Callable[[], object], share: float = 1.0) -> None:
        """Try one case, unless the time is over, or this share of it."""
        if not self.has_time(share):
            return
        try:
            attempt()
        except Died as died:
            self._keep(name, str(died), died.inputs)
        except Exception:  # a fault of the torture itself survives nothing, and must not end the other cases
            self._keep(name, traceback.format_exc(), ())
        with self._lock:
            self.tried += 1

    def add(self, count: int) -> None:
        """Count cases that survived and were tried elsewhere: the inputs of a parser."""
        with self._lock:
            self.tried += count
            self.planned += count

    def _keep(self, name: str, what: str, inputs: Sequence[Path]) -> None:
        with self._lock:
            lines = what.strip().splitlines()
            self.died.append(f"{name}: {lines[-1] if lines[0].startswith('Traceback') else lines[0]}")
            folder = self.kept / self.row / f"{len(self.died):03}"
            folder.mkdir(parents=True)
        again = f"again: make torture ROWS={self.row} SEED={self.budget.seed}"
        (folder / "what.txt").write_text(f"{name}\n{again}\n\n{what}\n", encoding="utf-8", errors="backslashreplace")
        for path in inputs:
            if path.is_dir():
                shutil.copytree(path, folder / path.name, symlinks=True)
            elif path.exists():
                shutil.copy(path, folder / path.name)
