"""What upstream has written of a run so far: its settings, its rows, and its checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.core.training.results import BOX_COLUMNS, RESULTS, SETTINGS, WEIGHTS, read_columns, read_results
from yolopatch.core.training.run import Run
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.existing import read_if_there, stamp_of

BEST, LAST = "best.pt", "last.pt"
_TRAIN_ANEW = "put the file back, or delete the folder of the run and run the command again: it is trained anew"


def results_file(run: Run) -> Path | None:
    """Return the file in which upstream writes a row for each epoch, None before upstream has named its folder."""
    return Path(run.save_dir, RESULTS) if run.save_dir else None


def rows_of(run: Run) -> list[dict[str, float]]:
    """Return the rows that upstream has written so far.

    Raises:
        YolopatchError: somebody else has written them.
    """
    file = results_file(run)
    with naming_columns(file, YolopatchError, _TRAIN_ANEW):
        return read_results(_text(results_content(run)))


def results_content(run: Run) -> bytes:
    """Return the content of the file that `results_file` names; empty where there is none."""
    return (read_if_there(f"{run.save_dir}{os.sep}{RESULTS}") if run.save_dir else None) or b""


def results_stamp(run: Run) -> list[int] | None:
    """Return the stamp of the file that `results_file` names; None where there is none."""
    return stamp_of(f"{run.save_dir}{os.sep}{RESULTS}") if run.save_dir else None


def settings_stamp(folder: str) -> list[int] | None:
    """Return the stamp of the file that `settings_text` reads; None where there is none."""
    return next((stamp for name in SETTINGS if (stamp := stamp_of(f"{folder}{os.sep}{name}"))), None)


def box_columns(run: Run, content: bytes) -> dict[str, list[float]]:
    """Return the columns with metrics of boxes: all that a table of runs needs.

    Args:
        run: whose results they are, for the error.
        content: what `results_content` returned for it.

    Raises:
        YolopatchError: somebody else has written them.
    """
    with naming_columns(results_file(run), YolopatchError, _TRAIN_ANEW):
        return read_columns(_text(content), BOX_COLUMNS)


@contextmanager
def naming_columns(file: Path | None, kind: type[YolopatchError], hint: str) -> Iterator[None]:
    """Name the column that a file of results lacks.

    Args:
        file: for the error.
        kind: of the error: whether the user has named the file, or yolopatch knows it.
        hint: what to do.

    Raises:
        YolopatchError: of this kind: a column that upstream writes is not there.
    """
    try:
        yield
    except KeyError as error:
        raise kind(f"{file} is not a results.csv of upstream: it has no column {error}", hint=hint) from error


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def settings_text(folder: Path | str) -> str | None:
    """Return the settings that upstream wrote into the folder of a run; None where it wrote none."""
    found = (read_if_there(f"{folder}{os.sep}{name}") for name in SETTINGS)
    content = next((one for one in found if one is not None), None)
    return None if content is None else content.decode("utf-8", "replace")


def checkpoints_of(run: Run) -> list[Path]:
    """Return the checkpoints to go on from, the newest first."""
    folder = Path(run.save_dir) / WEIGHTS if run.save_dir else None
    return [folder / name for name in (LAST, BEST) if folder and (folder / name).is_file()]


def weights_of(run: Run) -> Path:
    """Return the checkpoint of a trained run: the best, where upstream has written one."""
    assert run.save_dir is not None  # every trained run has it
    folder = Path(run.save_dir) / WEIGHTS
    return folder / BEST if (folder / BEST).is_file() else folder / LAST
