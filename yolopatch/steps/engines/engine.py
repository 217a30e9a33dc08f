"""What an engine is: it starts runs somewhere and tells what becomes of them. Identity and records are not its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from yolopatch.core.training.run import Run
from yolopatch.steps.training.train import Training


@dataclass(frozen=True)
class Job:
    """A run that is to be trained, or to be trained on.

    Attributes:
        id: of the run.
        run: its record so far.
        training: what trains it on this machine.
    """

    id: str
    run: Run
    training: Training


@dataclass(frozen=True)
class Reached:
    """A run has reached an epoch of its epochs, from 1; mAP50 is that of the epoch before, None where it has none."""

    id: str
    epoch: int
    epochs: int
    map50: float | None


@dataclass(frozen=True)
class Ended:
    """A run is trained; its record has been kept."""

    id: str
    run: Run


@dataclass(frozen=True)
class Failed:
    """A run has failed, and will not be taken up again by the engine.

    Attributes:
        why: the reason in one line.
        details: the last lines of upstream's output, and the like.
    """

    id: str
    why: str
    details: tuple[str, ...] = ()


def refused(id: str, what: str, details: Sequence[str], hint: str) -> Failed:
    """Return the event of a run that an error ended, from the parts of the error."""
    return Failed(id, what, (*details, *([f"next: {hint}"] if hint else [])))


@dataclass(frozen=True)
class Lost:
    """A run's machine or process is gone, through no fault of the run's as far as can be told: it is to be taken up
    again, from the last checkpoint that its folder has.

    Attributes:
        why: what happened, in one line.
    """

    id: str
    why: str


Event = Reached | Ended | Failed | Lost
Keep = Callable[[str, Run], None]
"""Keeps the record of a run. An engine calls it as soon as the record changes, from any thread."""


class Engine(Protocol):
    """Executes runs."""

    shares_data: bool
    """Whether two runs read the same copy of the data: upstream writes a cache of the labels beside them when it first
    reads them, and two trainings must not write it at once."""

    @property
    def slots(self) -> int:
        """How many runs it can have at once; it may change while it works, and be 0 for a while."""

    def start(self, job: Job) -> None:
        """Begin a run; called for at most `slots` runs at once."""

    def next(self, seconds: float) -> Event | None:
        """Return the next event; None if there is none within these seconds."""

    def close(self) -> None:
        """End every run that is still on, with all that it started."""
