"""The time that is left: by runs that were trained to their end, whatever failed, was lost or had been begun before."""

from __future__ import annotations

import re

import pytest

from yolopatch.cli.ablate import progress
from yolopatch.cli.ablate.progress import Progress
from yolopatch.outside.language import load_translator
from yolopatch.steps.engines.engine import Ended, Failed, Lost, Reached
from yolopatch.steps.engines.schedule import Standing


class Grid:
    """Runs of 10 epochs, as the scheduler tells of them, and a clock."""

    def __init__(self, runs: int, slots: int, capsys) -> None:
        self.now, self.standing, self._capsys = 0.0, Standing(runs, slots), capsys
        self.shown = Progress(draws=False)

    def at(self, now: float, *events) -> str:
        """Tell events at a time, and return what was said."""
        self.now = now
        for event in events:
            self.standing.done += isinstance(event, Ended)
            self.standing.failed += isinstance(event, Failed)
            self.shown.hear(event, self.standing)
        return self._capsys.readouterr().err

    def reached(self, name: str, epoch: int) -> Reached:
        return Reached(name, epoch, 10, None)


@pytest.fixture
def grid(monkeypatch, capsys):
    """Make a grid of some runs, so many at once."""

    def make(runs: int, slots: int = 1) -> Grid:
        made = Grid(runs, slots, capsys)
        monkeypatch.setattr(progress.time, "monotonic", lambda: made.now)
        return made

    return make


def left(said: str) -> str:
    found = re.search(r"about (.*) left", said)
    return found[1] if found else ""


def test_a_run_that_failed_at_once_does_not_say_how_long_the_others_take(grid):
    made = grid(5)
    made.at(0, made.reached("a", 1))
    assert left(made.at(2, Failed("a", "no memory"))) == ""
    made.at(2, made.reached("b", 1))
    assert left(made.at(102, Ended("b", None))) == "5 min"
    made.at(102, made.reached("c", 1))
    assert left(made.at(103, Failed("c", "no memory"))) == "3 min"


def test_a_run_that_went_on_from_a_checkpoint_counts_as_a_whole_one(grid):
    made = grid(3)
    made.at(0, made.reached("a", 9))
    said = made.at(20, Ended("a", None))
    assert "done in 20 s" in said
    assert left(said) == "3 min"  # 2 epochs in 20 s, 20 are left


def test_a_lost_run_counts_from_where_it_was_taken_up_again(grid):
    made = grid(2)
    made.at(0, made.reached("a", 1))
    made.at(1000, Lost("a", "the node died"))
    made.at(1000, made.reached("a", 6))
    assert left(made.at(1050, Ended("a", None))) == "100 s"


def test_the_last_run_takes_its_own_time_however_many_may_run_at_once(grid):
    made = grid(3, slots=2)
    made.at(0, made.reached("a", 1), made.reached("b", 1))
    made.at(100, made.reached("b", 10))
    made.at(100, Ended("a", None))
    made.at(101, made.reached("c", 1))
    assert left(made.at(110, Ended("b", None))) == "96 s"


def test_runs_that_are_on_are_counted_by_what_they_still_have_to_train(grid):
    made = grid(2, slots=2)
    made.at(0, made.reached("a", 1), made.reached("b", 1))
    made.at(90, made.reached("b", 10))
    assert left(made.at(90, Ended("a", None))) == "10 s"


@pytest.mark.parametrize(("first", "epoch", "said"), [(1, 1, ""), (1, 3, "80 s left"), (8, 9, "40 s left"), (8, 8, "")])
def test_the_line_of_a_run_counts_the_epochs_of_this_attempt(grid, first, epoch, said):
    made = grid(1)
    made.at(0, made.reached("a", first))
    made.at(20, made.reached("a", epoch))
    (training,) = made.shown._trainings.values()
    line = progress._line(training.reached, training.left(20))
    assert line.partition(f"epoch {epoch} of 10")[2] == (f", {said}" if said else "")


def test_every_line_is_said_in_the_users_language(grid):
    made = grid(3)
    made.at(0, made.reached("a", 1))
    lines = [made.at(80, Ended("a", None)), made.at(81, Failed("b", "training ended with exit code 1"))]
    chinese = [load_translator("zh").translate(line.removeprefix("note: ").strip()) for line in lines]
    assert [re.search("已完成|没有训练完", line)[0] for line in chinese] == ["已完成", "没有训练完"]
    assert all("大约还需" in line for line in chinese)
