"""Where each pin writes checkpoints, and the lines that put the fork's stamp into them.

Together with `yolopatch/upstream/fork.py` the only source of `patches/<pin>/stamp.patch`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from yolopatch.wire.checkpoint_keys import OPTIMIZER, STAMP


@dataclass(frozen=True)
class Import:
    """The only import of this name from this module in a file.

    Attributes:
        before: the module that early releases import it from.
    """

    module: str
    name: str
    before: str = ""


@dataclass(frozen=True)
class Entry:
    """An entry of the only dict literal in a file that has one of these keys; of several keys, the first."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class StampLine:
    """A line to insert.

    Attributes:
        path: the file, from the tree's root.
        below: the code after which it is inserted.
        line: the line; it gets the same indentation.
        optional: whether a release may lack that code; it then saves the checkpoint as it was loaded, with its stamp.
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
    StampLine(
        "train.py", Import("utils.downloads", "attempt_download", "utils.google_utils"), "from utils.fork import stamp"
    ),
    StampLine("train.py", Entry((OPTIMIZER,)), f"'{STAMP}': stamp(ema.ema),"),
)


def _packaged(line: StampLine) -> StampLine:
    """Return the same line for the yolov5 package on PyPI."""
    below = line.below
    if isinstance(below, Import):
        below = replace(below, module=f"yolov5.{below.module}")
    text = line.line.replace("from utils.", "from yolov5.utils.")
    return replace(line, path=f"yolov5/{line.path}", below=below, line=text)


# By pin.
STAMP_LINES: dict[str, tuple[StampLine, ...]] = {
    "ultralytics-8.2.50": _ULTRALYTICS,
    "ultralytics-8.3.0": _ULTRALYTICS,
    "ultralytics-8.4.0": _ULTRALYTICS,
    "yolov5-pypi-6.1.0": tuple(map(_packaged, _YOLOV5)),
    "yolov5-6.1": _YOLOV5,
}
