"""The scheduler: it gives runs to an engine while the engine has room, and hears what becomes of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from yolopatch.steps.engines.engine import Ended, Engine, Event, Failed, Job, Lost, Reached

_PAUSE = 0.5  # seconds; so that Ctrl-C is heard
_MOST_LOST = 3  # times in a row without a new epoch: then it is the run that harms its machines


@dataclass
class Standing:
    """Where the runs of a grid stand.

    Attributes:
        total: how many runs the grid has.
        slots: how many there are at once.
        done: how many are done, those of earlier calls included.
        failed: how many have failed in this call.
        running: by the id of a run its newest epoch; 0 before the first.
    """

    total: int
    slots: int
    done: int = 0
    failed: int = 0
    running: dict[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many runs are not over yet."""
        return self.total - self.done - self.failed


class Records(Protocol):
    """The records of the runs."""

    def renewed(self, job: Job) -> Job:
        """Return a job with the newest record of its run."""

    def keep_reason(self, event: Failed) -> None:
        """Keep why a run failed."""


def schedule(
    jobs: Iterable[Job],
    engine: Engine,
    standing: Standing,
    hear: Callable[[Event, Standing], None],
    records: Records,
) -> None:
    """Train every job; one that an engine has lost is taken up again.

    Where the runs share a copy of the data, the first one is alone until it has trained an epoch.

    Args:
        jobs: in their order; each is asked for when there is room for it.
        engine: executes them.
        standing: the runs that are over already; it is kept up to date.
        hear: called with each event, and where the runs stand after it.
        records: of the runs.
    """
    waiting = deque(jobs)
    running: dict[str, Job] = {}
    losses = _Losses()
    is_read = len(waiting) < 2 or not engine.shares_data
    while waiting or running:
        standing.slots = engine.slots
        while waiting and len(running) < (standing.slots if is_read else min(1, standing.slots)):
            job = waiting.popleft()
            running[job.id] = job
            standing.running[job.id] = 0
            engine.start(job)
        event = engine.next(_PAUSE)
        if event is None:
            continue
        event = losses.counted(event)
        is_read = is_read or isinstance(event, (Ended, Failed)) or (isinstance(event, Reached) and event.epoch > 1)
        if not isinstance(event, Reached):
            job = running.pop(event.id)
            if isinstance(event, Lost):
                waiting.appendleft(records.renewed(job))
        _take(event, standing, records)
        hear(event, standing)


class _Losses:
    """How often each run was lost since it has last come further than before."""

    def __init__(self) -> None:
        self._furthest: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()

    def counted(self, event: Event) -> Event:
        """Return the event; a failure in place of the last of too many losses."""
        if isinstance(event, Reached) and event.epoch > max(1, self._furthest[event.id]):
            self._furthest[event.id] = event.epoch
            del self._lost[event.id]
        elif isinstance(event, Lost):
            self._lost[event.id] += 1
            if self._lost[event.id] >= _MOST_LOST:
                return Failed(event.id, f"it was lost {_MOST_LOST} times without a new epoch", (event.why,))
        return event


def _take(event: Event, standing: Standing, records: Records) -> None:
    if isinstance(event, Reached):
        standing.running[event.id] = event.epoch
        return
    del standing.running[event.id]
    if isinstance(event, Ended):
        standing.done += 1
    elif isinstance(event, Failed):
        standing.failed += 1
        records.keep_reason(event)
