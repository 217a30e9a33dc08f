"""What upstream has written of a run so far: its rows, and its checkpoints."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.training.results import RESULTS, WEIGHTS, read_results
from yolopatch.core.training.run import Run

BEST, LAST = "best.pt", "last.pt"


def results_file(run: Run) -> Path | None:
    """Return the file in which upstream writes a row for each epoch, None before upstream has named its folder."""
    return Path(run.save_dir) / RESULTS if run.save_dir else None


def rows_of(run: Run) -> list[dict[str, float]]:
    """Return the rows that upstream has written so far."""
    file = results_file(run)
    return read_results(file.read_text("utf-8")) if file and file.is_file() else []


def checkpoints_of(run: Run) -> list[Path]:
    """Return the checkpoints to go on from, the newest first."""
    folder = Path(run.save_dir) / WEIGHTS if run.save_dir else None
    return [folder / name for name in (LAST, BEST) if folder and (folder / name).is_file()]


def weights_of(run: Run) -> Path:
    """Return the checkpoint of a trained run: the best, where upstream has written one."""
    assert run.save_dir is not None  # every trained run has it
    folder = Path(run.save_dir) / WEIGHTS
    return folder / BEST if (folder / BEST).is_file() else folder / LAST
