"""The environment variables of every child process that runs upstream's code."""

from __future__ import annotations

import os
from pathlib import Path

from yolopatch.outside.environment.executable import commands_folder

GUARD = Path(__file__).resolve().parents[2] / "probe" / "guard"
# The first two change what is imported; with the third, upstream sends each training to a server.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "ULTRALYTICS_API_KEY")
# What Ray sets for its own workers: nothing of it is meant for what they start.
_OF_RAY = ("RAY_", "SPT_NOENV")
_BREAKPOINT = "PYTHONBREAKPOINT"
# Upstream uses these services if they are installed. A variable that the user has set is not changed.
_INTEGRATIONS_OFF = {
    "WANDB_MODE": "disabled",
    "COMET_MODE": "disabled",
    "COMET_START_ONLINE": "0",
    "NEPTUNE_MODE": "offline",
    "CLEARML_OFFLINE_MODE": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


def child_variables(settings: Path, python: str) -> dict[str, str]:
    """Return variables with which upstream uses no network, installs nothing, and has its own settings.

    Args:
        settings: the folder of upstream's settings; it is made.
        python: the interpreter; its commands come first on PATH.
    """
    settings.mkdir(parents=True, exist_ok=True)
    commands = dict.fromkeys((str(Path(python).parent), str(commands_folder(Path(python)))))
    return {
        **_INTEGRATIONS_OFF,
        **{name: value for name, value in os.environ.items() if not _is_dropped(name, value)},
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLOv5_AUTOINSTALL": "false",  # its name in yolov5, and in the first releases of ultralytics
        "YOLO_CONFIG_DIR": str(settings),
        "YOLOV5_CONFIG_DIR": str(settings / "yolov5"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(GUARD),
        "PATH": os.pathsep.join((*commands, os.environ.get("PATH", ""))),
    }


def _is_dropped(name: str, value: str) -> bool:
    return name in _DROPPED or name.startswith(_OF_RAY) or (name == _BREAKPOINT and value.startswith("ray."))
