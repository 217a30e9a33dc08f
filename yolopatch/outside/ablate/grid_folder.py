"""The folder of a grid: the grid's file, the record, the workspaces, the start weights, the runs and the tables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yolopatch.core.ablate.grid import folder_name, run_id
from yolopatch.core.ablate.record import RECORD, GridRecord, read_record, write_record
from yolopatch.core.training.run import RECORD as RUN_RECORD
from yolopatch.core.training.run import Run, read_run, write_run
from yolopatch.errors import ConflictError
from yolopatch.outside.files.existing import read_if_there
from yolopatch.outside.files.staging import is_part, write_whole

GRID = "grid.toml"
LOCK = "ablation.lock"
HYPERPARAMETERS = "hyp.yaml"
_WORKSPACES = "workspaces"
_OURS = (_WORKSPACES, "runs", "init", "datasets", GRID, RECORD, LOCK, HYPERPARAMETERS)


def grid_around(workspace: Path) -> Path | None:
    """Return the folder of the grid whose workspace this is; None for another workspace."""
    folder = workspace.parent.parent
    return folder if workspace.parent.name == _WORKSPACES and (folder / RECORD).is_file() else None


def workspace_of_run(folder: Path, run: Run) -> Path | None:
    """Return the workspace of the arm that a run of a grid trained; None where the run is of no grid.

    Args:
        folder: that of the run's record.
        run: the record.
    """
    grid, seed = GridFolder(folder.parent.parent), run.wanted.changes.get("seed")
    record = grid.read_record()
    if record is None or not isinstance(seed, int):
        return None
    arms = (arm for arm in record.commits if run_id(arm, run.wanted.scale, seed) == folder.name)
    return next((grid.workspace(arm) for arm in arms), None)


@dataclass(frozen=True)
class GridFolder:
    """Where everything of a grid lies."""

    path: Path

    def workspace(self, arm: str) -> Path:
        """Return the workspace of an arm."""
        return self.path / _WORKSPACES / folder_name(arm)

    def init(self, arm: str, scale: str) -> Path:
        """Return the checkpoint from which the runs of an arm at a scale start."""
        return self.path / "init" / f"{folder_name(arm)}-{scale}.pt"

    @cached_property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.path / "runs"

    def run(self, name: str) -> Path:
        """Return the folder of a run: its record, its logs, and upstream's results."""
        return self.runs / name

    def read_run(self, name: str) -> Run | None:
        """Return the record of a run; None where it was not begun, or was begun by another version of yolopatch."""
        folder = f"{self.runs}{os.sep}{name}"  # a text: a table reads thousands
        content = read_if_there(f"{folder}{os.sep}{RUN_RECORD}")
        return None if content is None else read_run(content, folder)

    def save_run(self, name: str, run: Run) -> None:
        """Write the record of a run."""
        folder = self.run(name)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / RUN_RECORD, write_run(run, folder, self.path))

    def read_record(self) -> GridRecord | None:
        """Return what was made and measured; None before that."""
        content = read_if_there(self.path / RECORD)
        return None if content is None else read_record(content)

    def save_record(self, record: GridRecord) -> None:
        """Write what was made and measured."""
        write_whole(self.path / RECORD, write_record(record))

    def require_free(self) -> None:
        """Check that the folder is empty, or that of a grid.

        Raises:
            ConflictError: it holds something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ConflictError(f"{self.path} is a file; nothing was changed", hint="name another folder with --dest")
        if not self.path.is_dir() or (self.path / GRID).is_file():
            return
        others = sorted(one.name for one in self.path.iterdir() if one.name not in _OURS and not is_part(one.name))
        if others:
            raise ConflictError(
                f"{self.path} contains files that are of no grid; nothing was changed",
                details=[f"found: {name}" for name in others[:4]],
                hint="name another folder with --dest",
            )
