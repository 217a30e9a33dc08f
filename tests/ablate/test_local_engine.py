"""The engine of this machine, with a training that only writes what upstream would: which events it gives."""

from __future__ import annotations

import sys

import pytest

from yolopatch.core.training.run import Run, Wanted
from yolopatch.errors import YolopatchError
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.workspace.workspace import read_workspace
from yolopatch.steps.engines.engine import Ended, Failed, Job, Reached
from yolopatch.steps.engines.local import LocalEngine
from yolopatch.steps.training import train
from yolopatch.steps.training.train import Training
from yolopatch.wire.training import SavesTo, TrainingEnded

NAME = "base-n-0"
HEAD = "epoch,metrics/mAP50(B)\n"
ROWS = ["1,0.1\n", "2,0.2\n", "3,0.3\n"]


@pytest.fixture
def events(monkeypatch, full_workspace, tmp_path):
    """Let a function be upstream's process, and give the events of a run of three epochs.

    The function gets the file of the results, and what yolopatch calls often while a process trains. `before` is what
    a process wrote that was killed after a checkpoint.
    """

    def of(upstream, before: str = "") -> list:
        results = tmp_path / "results"
        (results / "weights").mkdir(parents=True)
        run = Run(0, Wanted({}, "n", False, False, "a" * 40, (), "b" * 64, "c" * 64), save_dir=str(results))
        if before:
            (results / "results.csv").write_text(before, "utf-8")
            (results / "weights" / "last.pt").write_bytes(b"weights")

        def process(task, request, workspace, interpreter, log, take, *, look, **options):
            results.mkdir(exist_ok=True)
            take(SavesTo(str(results)))
            look()
            upstream(results / "results.csv", look)
            take(TrainingEnded())
            look()

        monkeypatch.setattr(train, "run_in_workspace", process)
        workspace = read_workspace(full_workspace("ultralytics-8.3.0"))
        python = inspect_interpreter(sys.executable)
        training = Training(workspace, python, tmp_path / "train.py", (), tmp_path, epochs=3, init=None)
        engine = LocalEngine(1, lambda name, kept: None)
        engine.start(Job(NAME, run, training))
        found = [engine.next(30)]
        while isinstance(found[-1], Reached):
            found.append(engine.next(30))
        engine.close()
        return found

    return of


def write_rows(rows, looks: int = 1):
    """Be a process that appends these rows, and is looked at after each."""

    def upstream(file, look):
        for row in rows:
            text = file.read_text("utf-8") if file.is_file() else HEAD
            file.write_text(text + row, "utf-8")
            for _ in range(looks):
                look()

    return upstream


def reached(*epochs: tuple[int, float | None]) -> list[Reached]:
    return [Reached(NAME, epoch, 3, map50) for epoch, map50 in epochs]


@pytest.mark.parametrize("looks", [1, 3])
def test_every_epoch_is_told_once_with_the_map_of_the_one_before(events, looks):
    *told, last = events(write_rows(ROWS, looks))
    assert told == reached((1, None), (2, 0.1), (3, 0.2))
    assert isinstance(last, Ended)


def test_an_epoch_whose_row_comes_in_two_pieces_is_told_once(events):
    pieces = ["1,0.1\n", "2,", "0.2\n", "3,0.", "3\n"]
    *told, last = events(write_rows(pieces))
    assert told == reached((1, None), (2, 0.1), (3, 0.2))
    assert isinstance(last, Ended)


def test_an_epoch_that_is_trained_again_after_a_break_is_not_told_again(events):
    *told, last = events(write_rows(ROWS[1:]), before=HEAD + "".join(ROWS[:2]))
    assert told == reached((3, 0.2))  # its checkpoint was of the first epoch, so the second is trained again
    assert isinstance(last, Ended)


def test_a_run_that_only_ends_after_a_break_tells_no_epoch(events):
    assert [type(event) for event in events(write_rows([]), before=HEAD + "".join(ROWS))] == [Ended]


@pytest.mark.parametrize(
    ("error", "why", "details"),
    [
        (YolopatchError("training was killed", details=["log: x"], hint="less"), "killed", ("log: x", "next: less")),
        (YolopatchError("training was killed"), "killed", ()),
        (OSError(28, "No space left on device"), "No space left", ()),
    ],
    ids=["with a hint", "without", "a full disk"],
)
def test_an_error_fails_the_run_and_says_what_to_do(events, error, why, details):
    def upstream(file, look):
        raise error

    last = events(upstream)[-1]
    assert isinstance(last, Failed)
    assert why in last.why
    assert last.details == details
