"""Everything of a grid that can be checked or made before its first run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.environment.trackers import Tracker
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.training.fitness import read_fitness
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.outside.data.dataset import read_dataset
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.ablate.arguments import Arguments, read_arguments
from yolopatch.steps.ablate.device import Devices
from yolopatch.steps.ablate.files import PreparedModel, find_data, write_cfg_of, write_hyperparameters, write_scripts
from yolopatch.steps.ablate.plan import GridPlan
from yolopatch.steps.ablate.start import StartWeights, make_start_weights
from yolopatch.steps.ablate.workspaces import make_workspaces
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.training.data import Asked, TrainingData, prepare_data
from yolopatch.steps.training.tracking import STORE, require_tracker, where_to_look
from yolopatch.steps.training.trainable import require_trainable

_DEVICE = "device"
_EVEN = (0.0, 0.0, 0.0, 1.0)  # where upstream's fitness has another form: by mAP50-95
_INSTEAD = 'make a small set: yolopatch data shapes --out shapes, then data = "shapes/data.yaml"'


@dataclass(frozen=True)
class PreparedGrid:
    """A grid, ready to train.

    Attributes:
        models: by the arm's name and the scale.
        start: the checkpoints that the runs start from.
        hyperparameters: the file of them, None where upstream has its own.
        tracker: where the runs are shown; None for nowhere.
        notes: what the user should know before the first run.
        trackers: where the runs are seen.
    """

    plan: GridPlan
    folder: GridFolder
    record: GridRecord
    interpreter: Interpreter
    workspaces: Mapping[str, Workspace]
    data: TrainingData
    arguments: Arguments
    devices: Devices
    models: Mapping[tuple[str, str], PreparedModel]
    start: StartWeights
    hyperparameters: Path | None
    tracker: Tracker | None
    notes: tuple[str, ...]
    trackers: tuple[str, ...]


FindDevices = Callable[[object, Interpreter], Devices]
"""Finds what the runs use, from the grid's argument `device` and the interpreter of this machine."""


def prepare_grid(
    plan: GridPlan,
    folder: GridFolder,
    python: str | None,
    source: str,
    find_devices: FindDevices,
    cache: Path,
    watch: Watch,
    tracker: Tracker | None = None,
) -> PreparedGrid:
    """Make the workspaces, the YAMLs, the scripts and the checkpoints to start from; check data and environment.

    Raises:
        UsageError: upstream has no such argument, or the grid names something that does not exist.
        YolopatchError: the pin cannot train here, the tracker cannot be switched on, the data have errors, or a
            checkpoint is of another model.
    """
    interpreter = choose_interpreter(plan.pin, python, cache)
    with_compat = "write compat = true into the grid"
    require_trainable(plan.pin, interpreter, compat=plan.grid.compat, tree=None, with_compat=with_compat)
    if tracker:
        require_tracker(tracker, interpreter)
    workspaces, notes = make_workspaces(plan, folder, source, cache, watch)
    baseline = workspaces[plan.grid.baseline]
    asked = dict(plan.grid.train)
    devices = find_devices(asked.pop(_DEVICE, None), interpreter)
    arguments = read_arguments(baseline, asked)
    name = find_data(plan, baseline)
    watch("checking the data", 1, 1)
    own = read_dataset(Path(name)) if Path(name).is_absolute() else None
    any_cfg = write_cfg_of(
        plan, baseline, plan.grid.arm(plan.grid.baseline), plan.grid.scales[0], len(own.names) if own else None
    ).cfg
    data = prepare_data(Asked(name, baseline, interpreter, any_cfg, _INSTEAD))
    models = {
        (arm.name, scale): write_cfg_of(plan, workspaces[arm.name], arm, scale, len(data.names))
        for arm, scale in plan.models()
    }
    start = make_start_weights(plan, folder, models, workspaces, interpreter, len(data.names), cache, watch)
    hyperparameters = write_hyperparameters(folder, arguments)
    write_scripts(plan, workspaces, models, arguments, devices, name, hyperparameters)
    return PreparedGrid(
        plan=plan,
        folder=folder,
        record=_record(plan, folder, name, data, workspaces),
        interpreter=interpreter,
        workspaces=workspaces,
        data=data,
        arguments=arguments,
        devices=devices,
        models=models,
        start=start,
        hyperparameters=hyperparameters,
        tracker=tracker,
        notes=(*notes, *data.notes, *start.notes),
        trackers=where_to_look(tracker, interpreter, folder.runs, folder.path / STORE),
    )


def _record(
    plan: GridPlan, folder: GridFolder, name: str, data: TrainingData, workspaces: Mapping[str, Workspace]
) -> GridRecord:
    known = folder.read_record()
    baseline = workspaces[plan.grid.baseline]
    package = baseline.path / baseline.pin.layout.package
    source = (package / "utils" / "metrics.py").read_text("utf-8")
    return GridRecord(
        yolopatch=__version__,
        where=str(plan.where),
        pin=plan.pin.name,
        data=name,
        sha256=data.sha256,
        classes=len(data.names),
        fitness=read_fitness(source) or _EVEN,
        commits={arm: workspace.tip.id for arm, workspace in workspaces.items()},
        seed_patch=plan.seed_patch,
        models=known.models if known else {},
        how=known.how if known else "",
    )
