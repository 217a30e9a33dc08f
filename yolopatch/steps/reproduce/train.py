"""`reproduce --run`: train a tutorial's model to the end, then validate, predict and export."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from yolopatch import __version__
from yolopatch.catalog.pins import style_of
from yolopatch.core.reproduce.results import losses, map50, read_results
from yolopatch.core.reproduce.run import CURVES, EXAMINED, Attempt, Run, Wanted
from yolopatch.core.reproduce.script import words
from yolopatch.core.text import sha256
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.outside.reproduce.runs import find_run, next_number, run_folder, save_run
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.lock import RUNS_LOCK, hold_workspace
from yolopatch.steps.reproduce.initial_weights import require_arrived
from yolopatch.steps.reproduce.prepare import PreparedRun
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_data import RunData
from yolopatch.steps.reproduce.run_files import script_arguments
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import EVALUATE, TRAIN, Task
from yolopatch.wire.training import (
    Arrived,
    Curves,
    EvaluateRequest,
    Exported,
    Prediction,
    Resumed,
    SavesTo,
    TrainedModel,
    TrainingEnded,
    TrainRequest,
    Validated,
)

_WORDS = {TRAIN.name: "training", EVALUATE.name: "evaluating the trained model"}


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: of the run's record.
        weights: the checkpoint that was evaluated.
        rows: upstream's results, epoch by epoch.
        notes: what the user should know.
    """

    reproduction: Reproduction
    plan: RunPlan
    data: RunData
    run: Run
    folder: Path
    weights: Path
    rows: tuple[Mapping[str, float], ...]
    notes: tuple[str, ...]


def train(reproduction: Reproduction, ready: PreparedRun, watch: Watch) -> Trained:
    """Train to the end, then validate, predict and export; continue where an earlier call was killed.

    Raises:
        YolopatchError: upstream failed; its last lines are in `details`.
    """
    with hold_workspace(reproduction.workspace.path, RUNS_LOCK):
        return _Trainer(reproduction, ready, watch).run()


@dataclass(frozen=True)
class _Trainer:
    reproduction: Reproduction
    ready: PreparedRun
    watch: Watch

    @property
    def plan(self) -> RunPlan:
        """What the run will do."""
        return self.ready.plan

    @property
    def data(self) -> RunData:
        """What it trains on."""
        return self.ready.data

    def run(self) -> Trained:
        """Find the run, or start it, and do what is left of it."""
        run, notes = self._find_or_start(self.ready.fresh)
        if not run.trained:
            run = self._train(run)
        if not run.outcome:
            run = self._evaluate(run)
        rows = tuple(self.rows(run))
        return Trained(
            self.reproduction,
            self.plan,
            self.data,
            run,
            self.folder(run),
            self._weights(run),
            rows,
            (*notes, *self.data.notes),
        )

    def folder(self, run: Run) -> Path:
        """Return the run's folder."""
        return run_folder(self.reproduction.folder, run)

    def save(self, run: Run) -> Run:
        """Write the run's record, and return the run."""
        save_run(self.reproduction.folder, run)
        return run

    def _find_or_start(self, fresh: bool) -> tuple[Run, tuple[str, ...]]:
        """Return the run, an earlier one or a new one, with notes for the user."""
        wanted = self._wanted()
        run = None if fresh else find_run(self.reproduction.folder, wanted)
        if run is None:
            return Run(number=next_number(self.reproduction.folder), wanted=wanted), ()
        if run.outcome:
            return run, ("this run is finished already and was not trained again; to train it again, add --fresh",)
        return run, (f"continuing the run in {self.folder(run)}",)

    def _wanted(self) -> Wanted:
        workspace = self.reproduction.workspace
        return Wanted(
            changes={**self.plan.changes, **self.plan.hyperparameters},
            scale=self.plan.scale,
            base=self.plan.base,
            quick=self.plan.quick,
            commit=workspace.tip.id,
            edited=workspace.edited,
            cfg=sha256(self.reproduction.cfg.read_bytes()),
            data=self.data.sha256,
            weights=sha256(self.plan.weights.read_bytes()) if self.plan.weights else "",
        )

    def _train(self, run: Run) -> Run:
        """Run the training script; its progress is recorded at once, so that a killed run can be continued."""
        checkpoints = self._checkpoints(run)
        if run.save_dir and not checkpoints:
            # no checkpoint to continue from; upstream would add a number to the name of an existing folder
            remove_tree(Path(run.save_dir))
        attempt = Attempt(_now(), None, self._environment())
        run = self.save(replace(run, save_dir=run.save_dir if checkpoints else None, attempts=(*run.attempts, attempt)))
        listener = _Listener(self, run, time.monotonic())
        request = TrainRequest(
            workspace=str(self.reproduction.workspace.path),
            style=style_of(self.reproduction.workspace.pin),
            script=str(self.reproduction.script),
            words=tuple(words(script_arguments(self.reproduction, self.plan, self.folder(run), self.ready.init))),
            checkpoints=tuple(map(str, checkpoints)),
            init=str(self.ready.init) if self.ready.init else None,
        )
        self._run_task(TRAIN, request, f"training-{len(run.attempts)}", listener)
        run = listener.run
        if not run.trained or run.save_dir is None:
            raise YolopatchError("the training ended without results", hint=f"read the logs in {self.folder(run)}")
        return run

    def _checkpoints(self, run: Run) -> list[Path]:
        weights = Path(run.save_dir) / "weights" if run.save_dir else None
        return [weights / name for name in ("last.pt", "best.pt") if weights and (weights / name).is_file()]

    def _run_task(self, task: Task[Any], request: object, name: str, listener: _Listener) -> None:
        run_in_workspace(
            task,
            request,
            self.reproduction.workspace.path,
            self.reproduction.interpreter,
            _remove(self.folder(listener.run) / name),
            listener.take,
            what=_WORDS[task.name],
            look=listener.look,
            keeps_log=True,
        )

    def _environment(self) -> dict[str, object]:
        interpreter = self.reproduction.interpreter
        return {
            "yolopatch": __version__,
            "python": interpreter.python,
            "executable": interpreter.executable,
            "packages": dict(sorted(interpreter.packages.items())),
        }

    def _evaluate(self, run: Run) -> Run:
        """Validate, predict and export with the trained checkpoint."""
        self.watch("validating, predicting, exporting", self.plan.epochs, self.plan.epochs)
        listener = _Listener(self, run, time.monotonic())
        folder, rows = self.folder(run), self.rows(run)
        request = EvaluateRequest(
            workspace=str(self.reproduction.workspace.path),
            style=style_of(self.reproduction.workspace.pin),
            weights=str(self._weights(run)),
            data=self.plan.data,
            imgsz=self.plan.imgsz,
            device=self.plan.device,
            image=str(self.data.image),
            folder=str(folder / EXAMINED),
            curves=Curves(losses(rows), list(map(map50, rows)), str(folder / CURVES)),
        )
        self._run_task(EVALUATE, request, "evaluation", listener)
        return self.save(replace(run, outcome=listener.outcome))

    def _weights(self, run: Run) -> Path:
        assert run.save_dir is not None  # every trained run has it
        weights = Path(run.save_dir) / "weights"
        best, last = weights / "best.pt", weights / "last.pt"
        return best if best.is_file() else last

    def results(self, run: Run) -> Path | None:
        """Return the file in which upstream writes a row for each epoch, None before upstream has named its folder."""
        return Path(run.save_dir) / "results.csv" if run.save_dir else None

    def rows(self, run: Run) -> list[dict[str, float]]:
        """Return the rows that upstream has written so far."""
        file = self.results(run)
        return read_results(file.read_text("utf-8")) if file and file.is_file() else []


class _Listener:
    """Stores the messages of the child process, and shows the progress."""

    def __init__(self, trainer: _Trainer, run: Run, started: float) -> None:
        self.run = run
        self.outcome: dict[str, object] = {}  # of the evaluation, as the record has it
        self._trainer = trainer
        self._started = started
        self._before = run.seconds
        self._seen = -1  # bytes of upstream's results

    def take(self, message: object) -> None:
        """Take a message of the child process; save at once what a continued run needs."""
        if isinstance(message, Resumed):
            attempts = self.run.attempts
            self._save(attempts=(*attempts[:-1], replace(attempts[-1], resumed=message.checkpoint)))
        elif isinstance(message, SavesTo):
            self._save(save_dir=message.folder)
        elif isinstance(message, TrainingEnded):
            self._save(trained=True)
        elif isinstance(message, Arrived):
            self._save(arrived=encode(message))
            require_arrived(message, self._trainer.reproduction.workspace.path)
        elif isinstance(message, TrainedModel):
            self.outcome["model"] = encode(message)
        elif isinstance(message, Validated):
            self.outcome["validated"] = encode(message.parts)
        elif isinstance(message, Prediction):
            self.outcome["predicted"] = encode(message)
        elif isinstance(message, Exported):
            self.outcome["exported"] = encode(message.forms)

    def _save(self, **changes: Any) -> None:
        seconds = round(self._before + time.monotonic() - self._started, 1)
        self.run = self._trainer.save(replace(self.run, seconds=seconds, **changes))

    def look(self) -> None:
        """Show the current epoch; called often, so the growing file is read only after a change."""
        file = self._trainer.results(self.run)
        size = file.stat().st_size if file and file.is_file() else 0
        if size == self._seen or self.run.trained:
            return
        self._seen = size
        rows = self._trainer.rows(self.run)
        epochs = self._trainer.plan.epochs
        reached = map50(rows[-1]) if rows else None
        so_far = "" if reached is None else f", mAP50 {reached:.3f}"
        self._trainer.watch(f"training{so_far}", min(len(rows) + 1, epochs), epochs)


def _remove(folder: Path) -> Path:
    """Remove the files of a killed process, and return the folder."""
    remove_tree(folder)
    return folder


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
