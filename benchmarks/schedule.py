"""Time what the scheduler of `ablate` itself costs: 10,000 runs whose trainings end at once, and their table.

Run with `make bench`. Everything is real but the trainings: jobs, records on the disk, and the table of all of them.
"""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from timing import rounds
from yolopatch.core.ablate.grid import Arm, Grid
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.training.run import Attempt, Run, Wanted
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.steps.ablate.ablate import Records, read_ablation
from yolopatch.steps.ablate.plan import GridPlan, plan_grid
from yolopatch.steps.ablate.standing import keep_in
from yolopatch.steps.ablate.tables import write_tables
from yolopatch.steps.engines.engine import Ended, Event, Job, Keep, Reached
from yolopatch.steps.engines.schedule import Standing, schedule

ROUNDS = rounds(3)
ARMS, SEEDS = 625, 16
EPOCHS, SLOTS = 100, 64
MOST, MOST_TABLE = 5.0, 2.0  # milliseconds a run; seconds for the table
_ARGUMENTS = "".join(f"argument_{number}: {number}\n" for number in range(100))  # as many as upstream writes
_PACKAGES = {f"package-{number}": f"{number}.0.1" for number in range(146)}  # as many as an environment that trains
_METRICS = [f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95")]
_LOSSES = ["box_loss", "cls_loss", "dfl_loss"]
_COLUMNS = ["epoch", "time", *(f"train/{name}" for name in _LOSSES), *_METRICS, *(f"val/{name}" for name in _LOSSES)]
_COLUMNS += ["lr/pg0", "lr/pg1", "lr/pg2"]


def plan() -> GridPlan:
    """Return a grid of ARMS x SEEDS runs."""
    arms = tuple(Arm(f"arm {number}", cfg=f"{number}.yaml") for number in range(ARMS))
    grid = Grid("yolo11", ("n",), "data.yaml", tuple(range(SEEDS)), arms[0].name, arms)
    return plan_grid(grid, Path("."))


class Instant:
    """An engine that has trained a run when it is asked, and writes what upstream would write."""

    shares_data = True

    def __init__(self, folder: GridFolder, keep: Keep) -> None:
        self.slots = SLOTS
        self._folder, self._keep, self._events = folder, keep, deque[Event]()
        self._random = random.Random(0)
        self._start = ",".join(_COLUMNS) + "\n" + "".join(map(self._row, range(1, EPOCHS)))

    def start(self, job: Job) -> None:
        """Begin and end a run."""
        results = self._folder.run(job.id) / "results"
        results.mkdir(parents=True)
        (results / "results.csv").write_text(self._start + self._row(EPOCHS), "utf-8")
        (results / "args.yaml").write_text(f"{_ARGUMENTS}seed: 3\nsave_dir: {results}\n", "utf-8")
        attempt = Attempt("2026-01-01T00:00:00+00:00", None, {"python": "3.11", "packages": _PACKAGES, "host": "here"})
        run = replace(job.run, save_dir=str(results), attempts=(attempt,))
        self._keep(job.id, run)
        self._events += [Reached(job.id, epoch, EPOCHS, 0.5) for epoch in range(1, EPOCHS + 1)]
        run = replace(run, trained=True)
        self._keep(job.id, run)
        self._events.append(Ended(job.id, run))

    def _row(self, epoch: int) -> str:
        worth = 0.5 if epoch < EPOCHS else 0.6  # the last is the best, so that each run has metrics of its own
        return f"{epoch}," + ",".join(f"{worth - self._random.random() / 10:.5f}" for _ in _COLUMNS[1:]) + "\n"

    def next(self, seconds: float) -> Event | None:
        """Return the next event."""
        return self._events.popleft() if self._events else None

    def close(self) -> None:
        """Do nothing: nothing runs."""


def jobs(grid: GridPlan) -> list[Job]:
    """Return a job for each run; the engine does not look at what would train it."""
    wanted = Wanted({}, "n", False, False, "a" * 40, (), "b" * 64, "c" * 64)
    return [Job(one.id, Run(0, wanted), None) for one in grid.runs()]  # type: ignore[arg-type]


def measure(grid: GridPlan, place: Path) -> tuple[float, float, float, float]:
    """Return milliseconds a run of the scheduler with its records, seconds for the table, as the clock and the
    processor count them, and MiB that the scheduler took.
    """
    folder = GridFolder(place)
    record = GridRecord("0", ".", grid.pin.name, "data.yaml", "c" * 64, 3, (0.0, 0.0, 0.1, 0.9), {}, True)
    folder.path.mkdir(exist_ok=True)
    folder.save_record(record)
    todo = jobs(grid)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    standing = Standing(len(todo), SLOTS)
    records = Records(folder, {job.id: job.run for job in todo})
    schedule(todo, Instant(folder, keep_in(folder, record.fitness)), standing, lambda event, now: None, records)
    scheduled = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert standing.done == len(todo)
    start, worked = time.perf_counter(), time.process_time()
    found = read_ablation(grid, folder)
    write_tables(found)
    table, worked = time.perf_counter() - start, time.process_time() - worked
    return scheduled / len(todo) * 1e3, table, worked, (after - before) / 1024


def main() -> None:
    """Print the medians."""
    grid, found = plan(), []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(grid, Path(folder) / "grid"))
    each, table, worked, memory = (statistics.median(values) for values in zip(*found))
    print(f"{ARMS * SEEDS:,} runs of {EPOCHS} epochs, {ROUNDS} rounds: ", end="")
    print(f"{each:.2f} ms a run with its records (at most {MOST:g}); table of all of them {table:.2f} s ", end="")
    print(f"(at most {MOST_TABLE:g}), {worked:.2f} s of the processor; the scheduler took {memory:.1f} MiB")


if __name__ == "__main__":
    main()
