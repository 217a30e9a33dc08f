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
        prefixes: how the names of its environment variables begin.
        login: those by which a machine logs in.
        places: those of the folders that it writes into, and the folder below a run's in which a node has each.
        files: what it keeps of a run in files, as patterns below the run's folder.
        offline: by environment variable the values, in lower case, with which it sends nothing; empty for one that
            needs no login.
    """

    name: str
    title: str
    package: str
    setting: str
    stand_ins: tuple[str, ...] = ()
    of_yolov5: bool = False
    off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    single: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    offline: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def needs_login(self, variables: Mapping[str, str]) -> bool:
        """Return whether it sends runs to a service, and these variables do not have the login."""
        is_offline = any(variables.get(name, "").lower() in values for name, values in self.offline.items())
        return bool(self.offline) and not is_offline and not any(name in variables for name in self.login)


TENSORBOARD = Tracker(
    "tensorboard",
    "TensorBoard",
    "tensorboard",
    "tensorboard",
    of_yolov5=True,
    files=("results/events.out.tfevents.*",),
)
WANDB = Tracker(
    "wandb",
    "Weights & Biases",
    "wandb",
    "wandb",
    of_yolov5=True,
    off={"WANDB_MODE": ("disabled",), "WANDB_DISABLED": _YES},
    single=("WANDB_RUN_ID",),
    prefixes=("WANDB_",),
    login=("WANDB_API_KEY", "WANDB_BASE_URL"),
    places={"WANDB_DIR": "", **dict.fromkeys(("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR"), "scratch")},
    files=("wandb/offline-run-*/**/*",),
    offline={"WANDB_MODE": ("offline", "dryrun")},
)
MLFLOW = Tracker(
    "mlflow",
    "MLflow",
    "mlflow",
    "mlflow",
    ("mlflow-skinny",),
    single=("MLFLOW_RUN_ID",),
    prefixes=("MLFLOW_", "DATABRICKS_"),
    login=("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "DATABRICKS_TOKEN"),
)
CLEARML = Tracker(
    "clearml",
    "ClearML",
    "clearml",
    "clearml",
    single=("CLEARML_TASK_ID",),
    prefixes=("CLEARML_", "TRAINS_"),
    login=(
        *("CLEARML_API_ACCESS_KEY", "CLEARML_API_SECRET_KEY", "CLEARML_CONFIG_FILE"),
        *("CLEARML_API_HOST", "CLEARML_WEB_HOST", "CLEARML_FILES_HOST"),
    ),
    places={"CLEARML_CACHE_DIR": "clearml"},
    files=("clearml/**/*.zip",),
    offline={"CLEARML_OFFLINE_MODE": _YES},
)
COMET = Tracker(
    "comet",
    "Comet",
    "comet-ml",
    "comet",
    off={"COMET_MODE": ("disabled",)},
    single=("COMET_EXPERIMENT_KEY", "COMET_START_EXPERIMENT_KEY"),
    prefixes=("COMET_",),
    login=("COMET_API_KEY", "COMET_CONFIG", "COMET_URL_OVERRIDE"),
    places={"COMET_OFFLINE_DIRECTORY": ""},
    files=("*.zip",),
    offline={"COMET_MODE": ("offline",), "COMET_START_ONLINE": ("0", "false")},
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
