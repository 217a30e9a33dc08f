"""Prepare a run: everything that can be checked or made before the training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.trackers import Tracker, find_tracker
from yolopatch.outside.watch import Watch
from yolopatch.steps.reproduce.environment_check import require_runnable
from yolopatch.steps.reproduce.initial_weights import write_initial_weights
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_data import prepare_run_data, shapes_file
from yolopatch.steps.reproduce.run_plan import RunPlan, RunRequest, plan_run
from yolopatch.steps.training.data import TrainingData
from yolopatch.steps.training.tracking import require_tracker


@dataclass(frozen=True)
class PreparedRun:
    """A run, ready to train.

    Attributes:
        fresh: whether to train again where the same run is finished.
        init: the checkpoint to start from, None without one.
        tracker: where the run is shown; None for nowhere.
    """

    plan: RunPlan
    data: TrainingData
    fresh: bool
    init: Path | None
    tracker: Tracker | None


def prepare_run(reproduction: Reproduction, request: RunRequest, cache: Path, watch: Watch) -> PreparedRun:
    """Check the environment, the arguments, the device and the data, and make the checkpoint to start from.

    Raises:
        UsageError: a wrong argument.
        YolopatchError: the run cannot use the environment, the tracker, the device, the data or the checkpoint.
    """
    require_runnable(reproduction, request)
    tracker = find_tracker(request.tracker, reproduction.workspace.pin) if request.tracker else None
    if tracker:
        require_tracker(tracker, reproduction.interpreter)
    planned = plan_run(reproduction, request, shapes_file(reproduction.folder))
    data = prepare_run_data(reproduction, planned)
    init = (
        write_initial_weights(reproduction, planned, planned.weights, len(data.names), cache, watch)
        if planned.weights
        else None
    )
    return PreparedRun(planned, data, request.fresh, init, tracker)
