"""The scheduler, with an engine that trains nothing: who runs when, and what a failure does to the others."""

from __future__ import annotations

from collections import deque

import pytest

from yolopatch.core.training.run import Run, Wanted
from yolopatch.steps.engines.engine import Ended, Failed, Job, Reached
from yolopatch.steps.engines.schedule import Standing, schedule

WANTED = Wanted({}, "n", False, False, "a" * 40, (), "b" * 64, "c" * 64)
RUN = Run(0, WANTED)


class Instant:
    """An engine whose runs reach their second epoch and end at once, but for those that fail."""

    def __init__(self, slots: int, failing: tuple[str, ...] = ()) -> None:
        self.slots, self.failing = slots, failing
        self.events: deque = deque()
        self.log: list[str] = []
        self.most = self.now = 0

    def start(self, job: Job) -> None:
        self.log.append(f"start {job.id}")
        self.now += 1
        self.most = max(self.most, self.now)
        self.events.append(Reached(job.id, 1, 2, None))
        self.events.append(Reached(job.id, 2, 2, 0.5))
        self.events.append(Failed(job.id, "out of luck") if job.id in self.failing else Ended(job.id, RUN))

    def next(self, seconds: float):
        event = self.events.popleft() if self.events else None
        if isinstance(event, (Ended, Failed)):
            self.now -= 1
            self.log.append(f"end {event.id}")
        return event

    def close(self) -> None:
        self.log.append("closed")


@pytest.fixture
def jobs():
    """Make jobs with these names; the engine never looks at what would train them."""
    return lambda names: [Job(name, RUN, None) for name in names]


def run_all(jobs, engine, hear=lambda event, standing: None):
    standing, failed = Standing(len(jobs), engine.slots), []
    schedule(jobs, engine, standing, hear, failed.append)
    return standing, failed


@pytest.mark.parametrize("slots", [1, 3])
def test_every_run_is_done_once_and_never_more_at_once_than_there_is_room(jobs, slots):
    engine = Instant(slots)
    standing, failed = run_all(jobs("abcdefg"), engine)
    assert sorted(line for line in engine.log if line.startswith("start")) == [f"start {name}" for name in "abcdefg"]
    assert (standing.done, standing.failed, standing.left, failed) == (7, 0, 0, [])
    assert engine.most == slots


def test_the_first_run_is_alone_until_it_has_read_the_data(jobs):
    engine, begun = Instant(4), []
    run_all(jobs("abcd"), engine, lambda event, standing: begun.append((event, tuple(standing.running))))
    first = next(running for event, running in begun if isinstance(event, Reached) and event.epoch == 1)
    assert first == ("a",)
    assert engine.most == 4


def test_a_run_that_fails_stops_no_other(jobs):
    engine = Instant(2, failing=("a", "d"))
    standing, failed = run_all(jobs("abcd"), engine)
    assert (standing.done, standing.failed) == (2, 2)
    assert [event.id for event in failed] == ["a", "d"]
    assert [event.why for event in failed] == ["out of luck"] * 2


def test_an_interruption_leaves_the_loop_at_once(jobs):
    def hear(event, standing):
        raise KeyboardInterrupt

    engine = Instant(2)
    with pytest.raises(KeyboardInterrupt):
        run_all(jobs("abcd"), engine, hear)
    assert engine.log == ["start a"]


def test_nothing_to_do_is_done(jobs):
    standing, _ = run_all([], Instant(2))
    assert standing.left == 0
