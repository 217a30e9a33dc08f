"""What nodes of a cluster need for the runs of a grid."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yolopatch.catalog.modules import find_module
from yolopatch.steps.ablate.plan import PlannedRun
from yolopatch.steps.ablate.prepare import PreparedGrid
from yolopatch.steps.cluster.pin_content import read_pin
from yolopatch.steps.cluster.plain_files import read_files
from yolopatch.steps.cluster.recipe import KEPT, LAST_FILE, DataPlan, Home, Recipe, Setup, Shared
from yolopatch.steps.cluster.small_data import plan_data
from yolopatch.steps.cluster.tracking import users_tracker
from yolopatch.steps.engines.engine import Job
from yolopatch.steps.training.place import RESULTS

EVERY = 60.0  # seconds between two checkpoints of a run that are sent: at most so much is trained again
_SETTING = ("OMP_NUM_THREADS",)  # of the user, that decide what is computed


@dataclass(frozen=True)
class Recipes:
    """Makes the recipes of a grid's runs.

    Attributes:
        data: how nodes come to the data.
        python: the interpreter that the user named.
        setup: the environment that the nodes have.
        every: seconds between two checkpoints that are sent.
    """

    grid: PreparedGrid
    data: DataPlan
    python: str | None
    setup: Setup
    every: float = EVERY

    @cached_property
    def _planned(self) -> Mapping[str, PlannedRun]:
        return {one.id: one for one in self.grid.plan.runs()}

    def of(self, job: Job) -> Recipe:
        """Return the recipe of a job, with the files by which its run goes on."""
        grid, training = self.grid, job.training
        planned = self._planned[job.id]
        arm, workspace = planned.arm, training.workspace
        cfg = grid.models[arm.name, planned.scale].cfg
        results = Path(job.run.save_dir or training.folder / RESULTS)
        hyperparameters = grid.hyperparameters
        return Recipe(
            id=job.id,
            run=job.run,
            pin=grid.plan.pin.name,
            modules=arm.modules,
            flavor=arm.flavor,
            fix_patches=tuple(patch.name for patch in workspace.fix_patches),
            source=workspace.source,
            commit=workspace.tip.id,
            cfg=(cfg.name, cfg.read_text("utf-8")),
            script=training.script.read_text("utf-8"),
            hyperparameters=hyperparameters.read_bytes() if hyperparameters else None,
            init=training.init.read_bytes() if training.init else None,
            seed=planned.seed,
            epochs=training.epochs,
            data=self.data,
            python=self.python,
            setup=self.setup,
            tracker=users_tracker(grid.tracker),
            tracked=training.tracking.tracked if training.tracking else None,
            variables={name: os.environ[name] for name in _SETTING if name in os.environ},
            state=_state(results),
            every=self.every,
            home=Home(
                folder=str(training.folder),
                results=str(results),
                data=grid.record.data,
                cfg=cfg.name,
                init=str(training.init or ""),
                hyperparameters=str(hyperparameters or ""),
                store=str(training.tracking.store) if training.tracking else "",
            ),
        )


def _state(results: Path) -> dict[str, bytes]:
    """Return the files by which a run goes on; none where it has no checkpoint."""
    if not (results / LAST_FILE).is_file():
        return {}
    return {name: (results / name).read_bytes() for name in KEPT if (results / name).is_file()}


def share(grid: PreparedGrid, cache: Path) -> tuple[DataPlan, Shared]:
    """Return how nodes come to the data of a grid, and what is sent once for all of its runs."""
    baseline = grid.workspaces[grid.plan.grid.baseline]
    plan, files = plan_data(baseline.path / grid.record.data, grid.data)
    return plan, Shared(files, read_pin(baseline.pin, baseline.source, cache), _own_catalog(grid))


def _own_catalog(grid: PreparedGrid) -> Mapping[str, bytes]:
    """Return the files of the user's own catalog, where the grid has something of it."""
    names = {name for arm in grid.plan.grid.arms for name in arm.modules}
    homes = [grid.plan.pin.home, *(find_module(name).home for name in names)]
    folder = next((home for home in homes if home), None)
    return read_files(folder) if folder else {}
