"""The runs of a prepared grid: which are done, and what trains the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.core.training.run import Run, Wanted
from yolopatch.errors import ConflictError
from yolopatch.steps.ablate.files import SCRIPT
from yolopatch.steps.ablate.plan import PlannedRun
from yolopatch.steps.ablate.prepare import PreparedGrid
from yolopatch.steps.engines.engine import Job
from yolopatch.steps.training.place import RESULTS, Place
from yolopatch.steps.training.tracking import STORE, track_run
from yolopatch.steps.training.train import Training

_EPOCHS = {"ultralytics": 100, "yolov5": 300}  # upstream's defaults


@dataclass(frozen=True)
class Runs:
    """The runs of a grid: the records of those that are done, and the jobs of the others, in their order."""

    done: tuple[str, ...]
    jobs: tuple[Job, ...]


def find_runs(grid: PreparedGrid, only: str | None) -> Runs:
    """Return what is done and what is to be done.

    Args:
        grid: the prepared grid.
        only: the arm to train; None for all.

    Raises:
        ConflictError: the folder has runs of another grid; nothing was trained.
    """
    done, jobs = [], []
    for planned in grid.plan.runs():
        wanted = _wanted(grid, planned)
        run = grid.folder.read_run(planned.id)
        if run is not None and run.wanted.comparable() != wanted.comparable():
            raise _other_grid(grid, planned, run.wanted, wanted)
        if run is not None and run.trained:
            done.append(planned.id)
        elif only in (None, planned.arm.name):
            run = _begun(grid, planned, run, wanted)
            jobs.append(Job(planned.id, run, _training(grid, planned, run.save_dir)))
    return Runs(tuple(done), tuple(jobs))


def _begun(grid: PreparedGrid, planned: PlannedRun, run: Run | None, wanted: Wanted) -> Run:
    """Return a run's record; upstream will write where we tell it to, so it is known where a killed run goes on."""
    place = str(grid.folder.run(planned.id) / RESULTS)
    return replace(run, why="") if run else Run(number=0, wanted=wanted, save_dir=place)


def _wanted(grid: PreparedGrid, planned: PlannedRun) -> Wanted:
    changes = {**grid.arguments.call, **grid.arguments.hyperparameters, "seed": planned.seed}
    if grid.devices.argument:
        changes["device"] = grid.devices.argument
    return Wanted(
        changes=changes,
        scale=planned.scale,
        base=not (planned.arm.modules or planned.arm.cfg),
        quick=False,
        commit=grid.record.commits[planned.arm.name],
        edited=(),
        cfg=grid.models[planned.arm.name, planned.scale].sha256,
        data=grid.data.sha256,
        weights=grid.start.sums.get(planned.scale, ""),
    )


def _training(grid: PreparedGrid, planned: PlannedRun, save_dir: str | None) -> Training:
    workspace = grid.workspaces[planned.arm.name]
    folder = grid.folder.run(planned.id)
    place = Place(
        cfg=grid.models[planned.arm.name, planned.scale].cfg.name,
        data=grid.record.data,
        folder=folder,
        init=grid.start.files.get((planned.arm.name, planned.scale)),
        hyperparameters=grid.hyperparameters,
    )
    default = _EPOCHS[workspace.pin.layout.style]
    epochs = grid.arguments.call.get("epochs", default)
    return Training(
        workspace=workspace,
        interpreter=grid.interpreter,
        script=workspace.path / SCRIPT,
        words=place.words(workspace.pin.layout.style, planned.seed),
        folder=folder,
        epochs=epochs if isinstance(epochs, int) else default,
        init=place.init,
        paths=place.paths(workspace.path, save_dir),
        tracking=track_run(
            grid.tracker,
            grid.folder.path / STORE,
            name=planned.id,
            group=grid.folder.path.name,
            arm=planned.arm.name,
            scale=planned.scale,
            seed=planned.seed,
            commit=grid.record.commits[planned.arm.name],
        ),
    )


def _other_grid(grid: PreparedGrid, planned: PlannedRun, there: Wanted, here: Wanted) -> ConflictError:
    differing = {name: (old, getattr(here, name)) for name, old in vars(there).items() if name != "changes"} | {
        name: (there.changes.get(name, "not set"), here.changes.get(name, "not set"))
        for name in sorted({*there.changes, *here.changes})
    }
    lines = [f"{name}: {old} there, {new} in the grid" for name, (old, new) in differing.items() if old != new]
    return ConflictError(
        f"{grid.folder.path} has the run {planned.id} with other settings; nothing was trained",
        details=lines[:8],
        hint="name another folder with --dest; more seeds, scales and arms may be added to this one",
    )
