"""The trackers that upstream has callbacks for: their packages, and the user's variables that would switch them off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from yolopatch.catalog.names import fold, unknown
from yolopatch.catalog.pins import Pin
from yolopatch.errors import UsageError

_YES = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Tracker:
    """A service or a program that shows the curves of many runs.

    Attributes:
        name: as `--tracker` has it.
        title: its own name.
        package: the distribution that has it.
        stand_ins: other distributions with the same module.
        setting: the key in ultralytics' settings.
        of_yolov5: whether yolov5 6.1 has a logger for it.
        off: by environment variable the values, in lower case, with which it tracks nothing.
        single: environment variables that make every process go on the same run of the tracker.
    """

    name: str
    title: str
    package: str
    setting: str
    stand_ins: tuple[str, ...] = ()
    of_yolov5: bool = False
    off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    single: tuple[str, ...] = ()


TENSORBOARD = Tracker("tensorboard", "TensorBoard", "tensorboard", "tensorboard", of_yolov5=True)
WANDB = Tracker(
    "wandb",
    "Weights & Biases",
    "wandb",
    "wandb",
    of_yolov5=True,
    off={"WANDB_MODE": ("disabled",), "WANDB_DISABLED": _YES},
    single=("WANDB_RUN_ID",),
)
MLFLOW = Tracker("mlflow", "MLflow", "mlflow", "mlflow", ("mlflow-skinny",), single=("MLFLOW_RUN_ID",))
CLEARML = Tracker("clearml", "ClearML", "clearml", "clearml", single=("CLEARML_TASK_ID",))
COMET = Tracker(
    "comet",
    "Comet",
    "comet-ml",
    "comet",
    off={"COMET_MODE": ("disabled",)},
    single=("COMET_EXPERIMENT_KEY", "COMET_START_EXPERIMENT_KEY"),
)
TRACKERS = {one.name: one for one in (TENSORBOARD, WANDB, MLFLOW, CLEARML, COMET)}


def find_tracker(name: str, pin: Pin) -> Tracker:
    """Return the tracker of this name for the runs of a pin.

    Raises:
        UsageError: there is no such tracker, or the pin has no callback for it.
    """
    found = next((one for one in TRACKERS.values() if fold(name) == fold(one.name)), None)
    if found is None:
        raise unknown("tracker", name, TRACKERS)
    if pin.layout.style == "yolov5" and not found.of_yolov5:
        known = [one.name for one in TRACKERS.values() if one.of_yolov5]
        raise UsageError(
            f"--tracker {found.name}: {pin.name} has no logger for {found.title}",
            details=[f"its utils/loggers/ has: {', '.join(known)}"],
            hint=f"use one of these, e.g. --tracker {known[0]}, or a pin of ultralytics",
        )
    return found
