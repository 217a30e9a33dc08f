"""Where each pin writes checkpoints, and the lines that put the stamp of the fork into them.

With `yolopatch/upstream/fork.py` the single source of `patches/<pin>/stamp.patch`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.catalog.pins import Pin
from yolopatch.wire.checkpoint_keys import OPTIMIZER, STAMP


@dataclass(frozen=True)
class Import:
    """The file's only import of this name from this module."""

    module: str
    name: str


@dataclass(frozen=True)
class Entry:
    """An entry of the file's only dict literal that has one of these keys; the first of them that is there."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class StampLine:
    """One line to insert.

    Attributes:
        path: the file, from the tree's root.
        below: what it comes after.
        line: what is inserted, with the same margin.
        optional: whether a release may do without; then what the file saves is what it loaded, stamp and all.
    """

    path: str
    below: Import | Entry
    line: str
    optional: bool = False


_TRAINER, _MODEL = "ultralytics/engine/trainer.py", "ultralytics/engine/model.py"
_DOCS = Entry(("docs", "version"))
_IMPORT = "from ultralytics.utils.fork import stamp"

_ULTRALYTICS: tuple[StampLine, ...] = (
    StampLine(_TRAINER, Import("ultralytics.utils.files", "get_latest_run"), _IMPORT),
    StampLine(_TRAINER, _DOCS, f'"{STAMP}": stamp(self.ema.ema),'),
    StampLine(_MODEL, Import("ultralytics", "__version__"), _IMPORT, optional=True),
    StampLine(_MODEL, _DOCS, f'"{STAMP}": stamp(self.model),', optional=True),
)

_YOLOV5: tuple[StampLine, ...] = (
    StampLine("train.py", Import("utils.downloads", "attempt_download"), "from utils.fork import stamp"),
    StampLine("train.py", Entry((OPTIMIZER,)), f"'{STAMP}': stamp(ema.ema),"),
)


def _packaged(place: StampLine) -> StampLine:
    """Return the place where the repackaged yolov5 has it."""
    below = place.below
    if isinstance(below, Import):
        below = replace(below, module=f"yolov5.{below.module}")
    line = place.line.replace("from utils.", "from yolov5.utils.")
    return replace(place, path=f"yolov5/{place.path}", below=below, line=line)


# By pin.
STAMP_LINES: dict[str, tuple[StampLine, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": _ULTRALYTICS,
    "yolov5-pypi-6.1.0": tuple(map(_packaged, _YOLOV5)),
    "yolov5-6.1": _YOLOV5,
}


def fork_path(pin: Pin) -> str:
    """Return where the file with the data of the stamp lies in a workspace of the pin."""
    return f"{pin.layout.package}/utils/fork.py".lstrip("/")
