"""The scheduler, with an engine that trains nothing: who runs when, and what a failure does to the others."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from yolopatch.core.training.run import Run, Wanted
from yolopatch.steps.engines.engine import Ended, Failed, Job, Lost, Reached
from yolopatch.steps.engines.schedule import Standing, schedule

WANTED = Wanted({}, "n", False, False, "a" * 40, (), "b" * 64, "c" * 64)
RUN = Run(0, WANTED)


class Instant:
    """An engine whose runs reach their second epoch and end at once, but for those that fail or are lost.

    Args:
        slots: how many runs it has room for.
        failing: the runs that fail.
        lost: by run how often it is lost before it ends.
        shares_data: whether the runs read the same copy of the data.
    """

    def __init__(
        self, slots: int, failing: tuple[str, ...] = (), lost: dict[str, int] | None = None, shares_data: bool = True
    ) -> None:
        self.slots, self.failing, self.lost, self.shares_data = slots, failing, lost or {}, shares_data
        self.taken: list[Job] = []
        self.events: deque = deque()
        self.log: list[str] = []
        self.most = self.now = 0

    def start(self, job: Job) -> None:
        self.log.append(f"start {job.id}")
        self.now += 1
        self.most = max(self.most, self.now)
        self.taken.append(job)
        self.events.append(Reached(job.id, 1, 2, None))
        if self.lost.get(job.id):
            self.lost[job.id] -= 1
            self.events.append(Lost(job.id, "its node is gone"))
            return
        self.events.append(Reached(job.id, 2, 2, 0.5))
        self.events.append(Failed(job.id, "out of luck") if job.id in self.failing else Ended(job.id, RUN))

    def next(self, seconds: float):
        event = self.events.popleft() if self.events else None
        if isinstance(event, (Ended, Failed, Lost)):
            self.now -= 1
            self.log.append(f"end {event.id}")
        return event

    def close(self) -> None:
        self.log.append("closed")


@pytest.fixture
def jobs():
    """Make jobs with these names; the engine never looks at what would train them."""
    return lambda names: [Job(name, RUN, None) for name in names]


class Records:
    """Records in memory: what has failed, and newer ones for runs that are taken up again."""

    def __init__(self) -> None:
        self.failed: list[Failed] = []

    def renewed(self, job: Job) -> Job:
        return replace(job, run=replace(job.run, seconds=job.run.seconds + 1))

    def keep_reason(self, event: Failed) -> None:
        self.failed.append(event)


def run_all(jobs, engine, hear=lambda event, standing: None):
    standing, records = Standing(len(jobs), engine.slots), Records()
    schedule(jobs, engine, standing, hear, records)
    return standing, records.failed


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


def test_where_each_run_has_its_own_copy_of_the_data_all_begin_at_once(jobs):
    engine, begun = Instant(4, shares_data=False), []
    run_all(jobs("abcd"), engine, lambda event, standing: begun.append(tuple(standing.running)))
    assert begun[0] == ("a", "b", "c", "d")


def test_a_lost_run_is_taken_up_again_with_its_newest_record_before_others_begin(jobs):
    engine = Instant(1, lost={"a": 2})
    standing, failed = run_all(jobs("ab"), engine)
    assert (standing.done, failed) == (2, [])
    assert [(job.id, job.run.seconds) for job in engine.taken] == [("a", 0), ("a", 1), ("a", 2), ("b", 0)]


def test_a_run_that_is_lost_again_and_again_fails_and_stops_no_other(jobs):
    engine = Instant(2, lost={"a": 99})
    standing, failed = run_all(jobs("abc"), engine)
    assert (standing.done, standing.failed) == (2, 1)
    assert failed == [Failed("a", "it was lost 3 times without a new epoch", ("its node is gone",))]


def test_a_run_that_comes_further_before_each_loss_goes_on_and_one_that_only_comes_back_does_not(jobs):
    class Shaky(Instant):
        """An engine that loses its run at these epochs."""

        def __init__(self, epochs: list[int]) -> None:
            super().__init__(1)
            self.epochs = epochs

        def start(self, job: Job) -> None:
            epoch = self.epochs.pop(0) if self.epochs else 0
            self.events += [Reached(job.id, epoch, 9, None), Lost(job.id, "gone")] if epoch else [Ended(job.id, RUN)]

    assert run_all(jobs("a"), Shaky([2, 3, 4, 5, 6]))[0].done == 1
    assert run_all(jobs("a"), Shaky([5, 5, 5, 5, 5]))[0].failed == 1


def test_while_an_engine_has_no_room_nothing_begins_and_nothing_is_given_up(jobs):
    class Growing(Instant):
        """A cluster without a node, until it was asked some times."""

        asked = 0

        @property
        def slots(self) -> int:
            return 2 if self.asked > 3 else 0

        @slots.setter
        def slots(self, number: int) -> None:
            pass

        def next(self, seconds: float):
            self.asked += 1
            return super().next(seconds)

    engine = Growing(0)
    standing, _ = run_all(jobs("abc"), engine)
    assert (standing.done, engine.most) == (3, 2)
