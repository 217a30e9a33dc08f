"""The runs of a reproduction: each has a numbered folder with its record."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.reproduce.reproduction import RUNS
from yolopatch.core.training.run import RECORD, Run, Wanted, read_run, write_run
from yolopatch.outside.files.staging import write_whole


def run_folder(folder: Path, run: Run) -> Path:
    """Return the run's own folder, with its record and files."""
    return folder / RUNS / str(run.number)


def save_run(folder: Path, run: Run) -> None:
    """Write the run's record."""
    place = run_folder(folder, run)
    place.mkdir(parents=True, exist_ok=True)
    write_whole(place / RECORD, write_run(run, place, folder))


def find_run(folder: Path, wanted: Wanted) -> Run | None:
    """Return the newest run with exactly these settings, None without one.

    A run without its results does not count.
    """
    asked = wanted.comparable()
    same = [run for run in _runs(folder) if run.wanted.comparable() == asked and not _is_gone(run)]
    return same[-1] if same else None


def next_number(folder: Path) -> int:
    """Return the number of the next run."""
    return max((run.number for run in _runs(folder)), default=0) + 1


def _runs(folder: Path) -> list[Run]:
    found = [read_run(file.read_bytes(), file.parent) for file in (folder / RUNS).glob(f"*/{RECORD}")]
    return sorted((run for run in found if run), key=lambda run: run.number)


def _is_gone(run: Run) -> bool:
    return run.trained and not (run.save_dir and Path(run.save_dir).is_dir())
