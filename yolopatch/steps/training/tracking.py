"""Show runs in a tracker: check that it can be switched on, and switch it on for one run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.trackers import MLFLOW, TENSORBOARD, Tracker
from yolopatch.core.environment.tracking import Places, tracking_variables
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.upstream_settings import tracking_settings
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.wire import shell
from yolopatch.wire.training import Tracked

_FIXED = "fixed"
STORE = "mlflow"  # the folder in that of a grid or a tutorial


@dataclass(frozen=True)
class Tracking:
    """A run in a tracker.

    Attributes:
        tracker: which one.
        tracked: how it shows the run.
        store: the folder that all runs share, for a tracker that keeps runs in files.
    """

    tracker: Tracker
    tracked: Tracked
    store: Path


def track_run(
    tracker: Tracker | None, store: Path, *, name: str, group: str, arm: str, scale: str, seed: object, commit: str
) -> Tracking | None:
    """Return how a tracker shows a run; None without a tracker. A seed of None is one that upstream has fixed."""
    if tracker is None:
        return None
    tags = {"group": group, "arm": arm, "scale": scale, "seed": str(seed) if seed is not None else _FIXED}
    tags["commit"] = commit
    return Tracking(tracker, Tracked(tracker.name, name, group, tags), store)


def require_tracker(tracker: Tracker, interpreter: Interpreter) -> None:
    """Check, before anything trains, that a tracker can show the runs of this interpreter.

    Raises:
        UsageError: a variable of the user's cannot be read.
        YolopatchError: its package is not installed, or a variable of the user's is in the way.
    """
    require_package(tracker, interpreter)
    for variable, values in tracker.off.items():
        if os.environ.get(variable, "").lower() in values:
            raise _in_the_way(tracker, variable, "switches it off")
    for variable in tracker.single:
        if os.environ.get(variable):
            raise _in_the_way(tracker, variable, "makes every training go on the same run")
    here = Path.cwd()
    tracking_variables(Tracked(tracker.name, "", "", {}), os.environ, Places(here, here, here))


def require_package(tracker: Tracker, interpreter: Interpreter) -> None:
    """Check that an interpreter has the package of a tracker.

    Raises:
        YolopatchError: it has not.
    """
    if not any(name in interpreter.packages for name in (tracker.package, *tracker.stand_ins)):
        raise YolopatchError(
            f"--tracker {tracker.name}: {interpreter.executable} does not have {tracker.package}; nothing was trained",
            details=[f"upstream's callback imports it where it trains: {interpreter.prefix}"],
            hint=shell.join([interpreter.executable, "-m", "pip", "install", tracker.package]),
        )


def _in_the_way(tracker: Tracker, variable: str, does: str) -> YolopatchError:
    return YolopatchError(
        f"--tracker {tracker.name}: your environment variable {variable} {does}; nothing was trained",
        hint=f"unset {variable}",
    )


def run_variables(
    tracking: Tracking, workspace: Workspace, interpreter: Interpreter, folder: Path
) -> Mapping[str, str]:
    """Return the environment variables that switch a tracker on for one run.

    Args:
        tracking: the run in the tracker.
        workspace: whose upstream trains.
        interpreter: with upstream's requirements.
        folder: of the run.

    Raises:
        YolopatchError: the workspace's settings cannot be read.
    """
    places = Places(run=folder, store=tracking.store, here=Path.cwd())
    variables = tracking_variables(tracking.tracked, os.environ, places)
    if workspace.pin.layout.style != "ultralytics":  # yolov5 has no settings: what is installed is on
        return variables
    settings = tracking_settings(workspace.path, interpreter, tracking.tracker.setting)
    return {**variables, "YOLO_CONFIG_DIR": str(settings)}


def where_to_look(tracker: Tracker | None, interpreter: Interpreter, runs: Path, store: Path) -> tuple[str, ...]:
    """Return what to tell the user of runs that a tracker keeps in files on this machine.

    Args:
        tracker: None for no tracker.
        interpreter: has the tracker's package.
        runs: the folder below which upstream writes the results of all runs.
        store: the folder that all runs share.
    """
    if tracker == TENSORBOARD:
        command = [interpreter.executable, "-m", "tensorboard.main", "--logdir", runs]
        return (f"see the runs in TensorBoard: {shell.join(command)}",)
    if tracker == MLFLOW and not os.environ.get("MLFLOW_TRACKING_URI"):
        return (f"MLflow keeps the runs in {store}; docs/trackers.md says how to see them",)
    return ()
