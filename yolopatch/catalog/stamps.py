"""Where each pin writes checkpoints, and the lines that put the stamp of the fork into them.

With `yolopatch/upstream/fork.py` the single source of `patches/<pin>/stamp.patch`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.pins import Pin

KEY = "yolopatch"  # of a checkpoint


@dataclass(frozen=True)
class Place:
    """One line to insert.

    Attributes:
        path: the file, from the tree's root.
        below: the line of the pin that it comes after, without its margin; the file has it once.
        line: what is inserted, with the same margin.
    """

    path: str
    below: str
    line: str


_DOCS = '"docs": "https://docs.ultralytics.com",'
_IMPORT = "from ultralytics.utils.fork import stamp"

_ULTRALYTICS: tuple[Place, ...] = (
    Place("ultralytics/engine/trainer.py", "from ultralytics.utils.files import get_latest_run", _IMPORT),
    Place("ultralytics/engine/trainer.py", _DOCS, f'"{KEY}": stamp(self.ema.ema),'),
    Place("ultralytics/engine/model.py", "from ultralytics import __version__", _IMPORT),
    Place("ultralytics/engine/model.py", _DOCS, f'"{KEY}": stamp(self.model),'),
)

_YOLOV5: tuple[Place, ...] = (
    Place("train.py", "from utils.downloads import attempt_download", "from utils.fork import stamp"),
    Place("train.py", "'optimizer': optimizer.state_dict(),", f"'{KEY}': stamp(ema.ema),"),
)


def _packaged(place: Place) -> Place:
    """Return the place where the repackaged yolov5 has it."""
    renamed = {name: text.replace("from utils.", "from yolov5.utils.") for name, text in vars(place).items()}
    return replace(place, **{**renamed, "path": f"yolov5/{place.path}"})


# By pin.
PLACES: dict[str, tuple[Place, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": _ULTRALYTICS,
    "yolov5-pypi-6.1.0": tuple(map(_packaged, _YOLOV5)),
    "yolov5-6.1": _YOLOV5,
}


def fork_path(pin: Pin) -> str:
    """Return where the file with the data of the stamp lies in a workspace of the pin."""
    return f"{pin.layout.package}/utils/fork.py".lstrip("/")
