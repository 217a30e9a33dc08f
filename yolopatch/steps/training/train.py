"""Train one run by its script, in a child process, and go on where an earlier process was killed."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from yolopatch import __version__
from yolopatch.catalog.pins import style_of
from yolopatch.core.training.results import map50
from yolopatch.core.training.run import Attempt, Run
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.training.arrival import require_arrived
from yolopatch.steps.training.results import checkpoints_of, results_file, rows_of
from yolopatch.steps.training.tracking import Tracking, run_variables
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import TRAIN
from yolopatch.wire.training import Arrived, Resumed, SavesTo, TrainingEnded, TrainRequest

Progress = Callable[[int, "float | None"], None]
"""Called when an epoch is reached: its number from 1, and the mAP50 of the epoch before, None where it has none."""


@dataclass(frozen=True)
class Training:
    """What trains a run, and where.

    Attributes:
        workspace: whose upstream trains.
        interpreter: with upstream's requirements.
        script: the training script.
        words: its arguments, `key=value`.
        folder: of the run's record and logs.
        epochs: how many the run has.
        init: the checkpoint that `words` names to start from, None without one.
        paths: what a resumed run has here, as `TrainRequest` has them.
        tracking: how a tracker shows the run, None where none is switched on.
        variables: further environment variables.
    """

    workspace: Workspace
    interpreter: Interpreter
    script: Path
    words: tuple[str, ...]
    folder: Path
    epochs: int
    init: Path | None
    paths: Mapping[str, str] = field(default_factory=dict)
    tracking: Tracking | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def train(
    training: Training,
    run: Run,
    save: Callable[[Run], None],
    progress: Progress,
    check: Callable[[], None] = lambda: None,
) -> Run:
    """Train to the end, and return the record of the finished training.

    Args:
        training: what trains it.
        run: its record so far.
        save: keeps the record; called at once when it changes, so that a killed run can be continued.
        progress: called with each epoch, once.
        check: called often; what it raises ends the training.

    Raises:
        YolopatchError: upstream failed; its last lines are in `details`.
    """
    checkpoints = checkpoints_of(run)
    if run.save_dir and not checkpoints:
        # no checkpoint to continue from; upstream would add a number to the name of an existing folder
        remove_tree(Path(run.save_dir))
    attempt = Attempt(_now(), None, _environment(training.interpreter))
    run = replace(run, save_dir=run.save_dir if checkpoints else None, attempts=(*run.attempts, attempt))
    save(run)
    listener = _Listener(training, run, save, progress)

    def look() -> None:
        check()
        listener.look()

    log = training.folder / f"training-{len(run.attempts)}"
    remove_tree(log)  # of a process that was killed before its record was kept
    run_in_workspace(
        TRAIN,
        _request(training, checkpoints),
        training.workspace.path,
        training.interpreter,
        log,
        listener.take,
        what="training",
        look=look,
        keeps_log=True,
        variables={**_tracking_variables(training), **training.variables},
    )
    run = listener.run
    if not run.trained or run.save_dir is None:
        raise YolopatchError("the training ended without results", hint=f"read the logs in {training.folder}")
    return run


def _request(training: Training, checkpoints: list[Path]) -> TrainRequest:
    return TrainRequest(
        workspace=str(training.workspace.path),
        style=style_of(training.workspace.pin),
        script=str(training.script),
        words=training.words,
        checkpoints=tuple(map(str, checkpoints)),
        init=str(training.init) if training.init else None,
        paths=training.paths,
        tracked=training.tracking.tracked if training.tracking else None,
    )


def _tracking_variables(training: Training) -> Mapping[str, str]:
    if training.tracking is None:
        return {}
    return run_variables(training.tracking, training.workspace, training.interpreter, training.folder)


def _environment(interpreter: Interpreter) -> dict[str, object]:
    return {
        "yolopatch": __version__,
        "python": interpreter.python,
        "executable": interpreter.executable,
        "packages": dict(sorted(interpreter.packages.items())),
        "host": platform.node(),
    }


class _Listener:
    """Keeps what the child process tells, and shows the progress."""

    def __init__(self, training: Training, run: Run, save: Callable[[Run], None], progress: Progress) -> None:
        self.run = run
        self._training, self._save, self._progress = training, save, progress
        self._started, self._before = time.monotonic(), run.seconds
        self._seen = -1  # bytes of upstream's results
        self._epoch = 0  # that was told last

    def take(self, message: object) -> None:
        """Take a message of the child process; keep at once what a continued run needs."""
        if isinstance(message, Resumed):
            attempts = self.run.attempts
            self._keep(attempts=(*attempts[:-1], replace(attempts[-1], resumed=message.checkpoint)))
        elif isinstance(message, SavesTo):
            self._keep(save_dir=message.folder)
        elif isinstance(message, TrainingEnded):
            self._keep(trained=True)
        elif isinstance(message, Arrived):
            self._keep(arrived=encode(message))
            require_arrived(message, self._training.workspace.path)

    def _keep(self, **changes: Any) -> None:
        seconds = round(self._before + time.monotonic() - self._started, 1)
        self.run = replace(self.run, seconds=seconds, **changes)
        self._save(self.run)

    def look(self) -> None:
        """Show the current epoch; called often, so the growing file is read only after a change."""
        file = results_file(self.run)
        size = file.stat().st_size if file and file.is_file() else 0
        if size == self._seen or self.run.trained:
            return
        self._seen = size
        rows = rows_of(self.run)
        epoch = len(rows) + 1
        if self._epoch < epoch <= self._training.epochs:  # after the last, none is reached
            self._epoch = epoch
            self._progress(epoch, map50(rows[-1]) if rows else None)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
