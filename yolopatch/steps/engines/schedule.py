"""The scheduler: it gives runs to an engine while the engine has room, and hears what becomes of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from yolopatch.steps.engines.engine import Ended, Engine, Event, Failed, Job, Reached

_PAUSE = 0.5  # seconds; so that Ctrl-C is heard


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


def schedule(
    jobs: Iterable[Job],
    engine: Engine,
    standing: Standing,
    hear: Callable[[Event, Standing], None],
    fail: Callable[[Failed], None],
) -> None:
    """Train every job.

    The first one is alone until it has trained an epoch: upstream writes a cache of the labels beside them when it
    first reads them, and two trainings would write it at once.

    Args:
        jobs: in their order; each is asked for when there is room for it.
        engine: executes them.
        standing: the runs that are over already; it is kept up to date.
        hear: called with each event, and where the runs stand after it.
        fail: keeps the reason of a failed run.
    """
    waiting = deque(jobs)
    is_read = len(waiting) < 2 or engine.slots < 2
    while waiting or standing.running:
        while waiting and len(standing.running) < (engine.slots if is_read else 1):
            job = waiting.popleft()
            standing.running[job.id] = 0
            engine.start(job)
        event = engine.next(_PAUSE)
        if event is None:
            continue
        is_read = is_read or not (isinstance(event, Reached) and event.epoch < 2)
        _take(event, standing, fail)
        hear(event, standing)


def _take(event: Event, standing: Standing, fail: Callable[[Failed], None]) -> None:
    if isinstance(event, Reached):
        standing.running[event.id] = event.epoch
        return
    del standing.running[event.id]
    if isinstance(event, Ended):
        standing.done += 1
    else:
        standing.failed += 1
        fail(event)
