"""`ablate`: train every arm of a grid at every scale with every seed, and make the table of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from yolopatch.catalog.environment.trackers import Tracker, find_tracker
from yolopatch.core.ablate.grid import read_grid
from yolopatch.core.ablate.grid_words import grid_words, in_grid_words
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.ablate.results import FAILED, Conditions, RunResult
from yolopatch.core.ablate.statistics import require_scipy
from yolopatch.core.training.run import Run
from yolopatch.errors import UsageError
from yolopatch.outside.ablate.grid_folder import GRID, LOCK, GridFolder
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.keeping import keeping
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.watch import Watch
from yolopatch.steps.ablate.device import Devices, find_devices
from yolopatch.steps.ablate.equal import find_differences, rate_differences
from yolopatch.steps.ablate.figures import measure_models
from yolopatch.steps.ablate.jobs import find_runs
from yolopatch.steps.ablate.plan import GridPlan, plan_grid
from yolopatch.steps.ablate.prepare import PreparedGrid, prepare_grid
from yolopatch.steps.ablate.standing import conditions_of, keep_in, read_runs, results_of
from yolopatch.steps.engines.engine import Engine, Event, Job, Keep
from yolopatch.steps.engines.engine import Failed as RunFailed
from yolopatch.steps.engines.local import LocalEngine, local_slots
from yolopatch.steps.engines.schedule import Standing, schedule

_PATIENCE = 5  # seconds: another call may be at its end


@dataclass(frozen=True)
class AblateRequest:
    """The options of `ablate`.

    Attributes:
        grid: the TOML file, or the folder of a grid.
        dest: the folder; None for one with the file's name in the current folder.
        workers: how many runs at once; None for as many as the machine can.
        only: the arm to train; None for all.
        python: the interpreter with upstream's requirements; None to find one.
        source: where the upstream comes from, as in `apply`.
        measure: whether the models are counted and timed.
        tracker: where the runs are shown, by its name; None for nowhere.
    """

    grid: Path
    dest: Path | None = None
    workers: int | None = None
    only: str | None = None
    python: str | None = None
    source: str = "auto"
    measure: bool = True
    tracker: str | None = None


@dataclass(frozen=True)
class Ablation:
    """A grid and what came out of its runs so far.

    Attributes:
        record: None before anything was made.
        runs: every run of the grid.
        conditions: what they have in common.
        differences: what they differ in that the grid does not say.
        notes: what the user should know.
    """

    plan: GridPlan
    folder: GridFolder
    record: GridRecord | None
    runs: tuple[RunResult, ...]
    conditions: Conditions
    differences: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a run has failed."""
        return any(run.status == FAILED for run in self.runs)


class Executor(Protocol):
    """Where the runs of a grid are executed."""

    def devices(self, asked: object, interpreter: Interpreter) -> Devices:
        """Return what the runs use, from the grid's argument `device` and the interpreter of this machine."""

    def engine(self, grid: PreparedGrid, keep: Keep) -> Engine:
        """Return the engine for a grid.

        Raises:
            YolopatchError: the runs cannot be trained there.
        """


@in_grid_words()
def open_grid(request: AblateRequest) -> tuple[GridPlan, GridFolder]:
    """Read the grid, and check it against the catalog; nothing is written.

    Raises:
        UsageError: the grid is not right, or its upstream has no such tracker.
        ConflictError: the folder has something else.
    """
    file, where = request.grid, request.grid.absolute().parent
    if file.is_dir():
        folder, file = GridFolder(file.absolute()), file / GRID
        if not file.is_file():
            raise UsageError(f"{folder.path} is not the folder of a grid: it has no {GRID}", hint="name a TOML file")
        record = folder.read_record()
        where = Path(record.where) if record else folder.path
    else:
        folder = GridFolder((request.dest or Path(file.stem)).absolute())
    if not file.is_file():
        raise UsageError(f"there is no grid {file}", hint="docs/ablation.md has one to start from")
    grid = read_grid(file.read_text("utf-8", "replace"), str(file))
    if request.only is not None and request.only not in [arm.name for arm in grid.arms]:
        names = ", ".join(arm.name for arm in grid.arms)
        raise UsageError(f"--only {request.only}: the grid has no such arm", hint=f"it has: {names}")
    folder.require_free()
    plan = plan_grid(grid, where)
    _tracker_of(request, plan)
    return plan, folder


@in_grid_words()
def ablate(
    request: AblateRequest,
    plan: GridPlan,
    folder: GridFolder,
    executor: Executor,
    cache: Path,
    watch: Watch,
    hear: Callable[[Event, Standing], None],
    tell: Callable[[str], None],
) -> Ablation:
    """Train what is not trained yet, and return what came out; killed and repeated, it goes on.

    Args:
        request, plan, folder: the options, and what `open_grid` returns for them.
        executor: where the runs are executed.
        cache: the cache folder.
        watch: called with each step before the first run.
        hear: called with each event of a run.
        tell: called before the first run with what the user should know of it.

    Raises:
        UsageError: the grid names something that does not exist, or an argument that upstream does not have.
        ConflictError: a workspace has changes of the user's, or the folder has runs of another grid.
        YolopatchError: the pin cannot train here, the data have errors, a model does not build, or another call works
            in the folder.
    """
    plan.require_files()
    require_scipy()
    text = _text_of(request)
    folder.path.mkdir(parents=True, exist_ok=True)
    elsewhere = "name a folder on another disk with --dest"
    with hold_lock(folder.path / LOCK, elsewhere, _PATIENCE, f"the grid {folder.path}"), keeping(folder.path):
        tracker = _tracker_of(request, plan)
        grid = prepare_grid(plan, folder, request.python, request.source, executor.devices, cache, watch, tracker)
        runs = find_runs(grid, request.only)
        if request.measure:
            grid = measure_models(grid, cache, watch)
        write_whole(folder.path / GRID, text)
        folder.save_record(grid.record)
        if runs.jobs:
            engine = executor.engine(grid, keep_in(folder, grid.record.fitness))
            standing = Standing(len(runs.done) + len(runs.jobs), engine.slots, len(runs.done))
            begun = {job.id: job.run for job in runs.jobs}
            for note in (*grid.notes, *rate_differences(grid.record.models, plan.grid.train)):
                tell(note)
            try:
                schedule(runs.jobs, engine, standing, _in_grid_words(hear), Records(folder, begun))
            finally:
                engine.close()
        return read_ablation(plan, folder, grid.trackers if runs.jobs else (*grid.notes, *grid.trackers))


def _rate_differences(plan: GridPlan, record: GridRecord | None) -> tuple[str, ...]:
    return rate_differences(record.models, plan.grid.train) if record else ()


def _in_grid_words(hear: Callable[[Event, Standing], None]) -> Callable[[Event, Standing], None]:
    """Return what hears of a failed run in the words of the grid."""

    def reworded(event: Event, standing: Standing) -> None:
        if isinstance(event, RunFailed):
            event = replace(event, details=tuple(map(grid_words, event.details)))
        hear(event, standing)

    return reworded


@dataclass(frozen=True)
class LocalExecutor:
    """This machine.

    Attributes:
        workers: how many runs at once; None for as many as the machine can.
    """

    workers: int | None

    def devices(self, asked: object, interpreter: Interpreter) -> Devices:
        """Return the devices that the interpreter's torch finds."""
        return find_devices(asked, interpreter)

    def engine(self, grid: PreparedGrid, keep: Keep) -> Engine:
        """Return the engine of this machine."""
        gpus = grid.devices.gpus
        return LocalEngine(local_slots(len(gpus), self.workers), keep, gpus)


def _tracker_of(request: AblateRequest, plan: GridPlan) -> Tracker | None:
    return find_tracker(request.tracker, plan.pin) if request.tracker else None


def _text_of(request: AblateRequest) -> bytes:
    return (request.grid / GRID if request.grid.is_dir() else request.grid).read_bytes()


@dataclass(frozen=True)
class Records:
    """The records of a grid's runs, for the scheduler.

    Attributes:
        folder: of the grid.
        begun: the runs as they were given to the engine, by their ids.
    """

    folder: GridFolder
    begun: Mapping[str, Run]

    def renewed(self, job: Job) -> Job:
        """Return a job with the newest record of its run."""
        return replace(job, run=self.folder.read_run(job.id) or job.run)

    def keep_reason(self, event: RunFailed) -> None:
        """Keep why a run failed: the message, and the last line of upstream's output."""
        # no record: it was the record that could not be written
        run = self.folder.read_run(event.id) or self.begun[event.id]
        said = [line for line in event.details if not line.startswith(("log: ", "next: "))]
        self.folder.save_run(event.id, replace(run, why=": ".join([event.why, *said[-1:]])))


def read_ablation(plan: GridPlan, folder: GridFolder, notes: Sequence[str] = ()) -> Ablation:
    """Return what came out so far; nothing is run."""
    record, runs = folder.read_record(), read_runs(plan, folder)
    return Ablation(
        plan=plan,
        folder=folder,
        record=record,
        runs=results_of(plan, runs, record),
        conditions=conditions_of(plan, runs, record),
        differences=(*_rate_differences(plan, record), *find_differences(runs)),
        notes=tuple(notes),
    )
