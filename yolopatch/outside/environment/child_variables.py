"""The environment variables of every child process in which upstream's code runs."""

from __future__ import annotations

import os
from pathlib import Path

GUARD = Path(__file__).resolve().parents[2] / "probe" / "guard"
# Imported instead of what the user asked for, or streams a training to a server where it is set.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "ULTRALYTICS_API_KEY")
# Upstream uses these services wherever they are installed; who sets a variable wants what it says.
_INTEGRATIONS_OFF = {
    "WANDB_MODE": "disabled",
    "COMET_MODE": "disabled",
    "COMET_START_ONLINE": "0",
    "NEPTUNE_MODE": "offline",
    "CLEARML_OFFLINE_MODE": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


def child_variables(settings: Path, python: str) -> dict[str, str]:
    """Upstream must not reach for the network, install anything, or share settings between workspaces.

    Args:
        settings: the folder for upstream's settings, which is made.
        python: the interpreter; its commands come first.
    """
    settings.mkdir(parents=True, exist_ok=True)
    return {
        **_INTEGRATIONS_OFF,
        **{name: value for name, value in os.environ.items() if name not in _DROPPED},
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(settings),
        "YOLOV5_CONFIG_DIR": str(settings / "yolov5"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(GUARD),
        "PATH": os.pathsep.join((str(Path(python).parent), os.environ.get("PATH", ""))),
    }
