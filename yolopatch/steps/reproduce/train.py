"""`reproduce --run`: train a tutorial's model to the end, then validate, predict and export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.core.text import sha256
from yolopatch.core.training.results import losses, map50
from yolopatch.core.training.run import CURVES, EXAMINED, Run, Wanted
from yolopatch.core.training.script import words
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.outside.reproduce.runs import find_run, next_number, run_folder, save_run
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.lock import RUNS_LOCK, hold_workspace
from yolopatch.steps.reproduce.prepare import PreparedRun
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_files import script_arguments
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.steps.training import train as training
from yolopatch.steps.training.data import TrainingData
from yolopatch.steps.training.results import rows_of, weights_of
from yolopatch.steps.training.tracking import STORE, Tracking, track_run, where_to_look
from yolopatch.wire.codec import encode
from yolopatch.wire.tasks import EVALUATE
from yolopatch.wire.training import Curves, EvaluateRequest, Exported, Prediction, TrainedModel, Validated


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
    data: TrainingData
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
    def data(self) -> TrainingData:
        """What it trains on."""
        return self.ready.data

    def run(self) -> Trained:
        """Find the run, or start it, and do what is left of it."""
        run, notes = self._find_or_start(self.ready.fresh)
        if not run.trained:
            run = training.train(self._training(run), run, self._save, self._show)
        if not run.outcome:
            run = self._evaluate(run)
        return Trained(
            self.reproduction,
            self.plan,
            self.data,
            run,
            self._folder(run),
            weights_of(run),
            tuple(rows_of(run)),
            (*notes, *self.data.notes, *self._where_to_look(run)),
        )

    @property
    def _store(self) -> Path:
        return self.reproduction.folder / STORE

    def _where_to_look(self, run: Run) -> tuple[str, ...]:
        saved = Path(str(run.save_dir))  # a trained run has it
        return where_to_look(self.ready.tracker, self.reproduction.interpreter, saved, self._store)

    def _folder(self, run: Run) -> Path:
        return run_folder(self.reproduction.folder, run)

    def _save(self, run: Run) -> None:
        save_run(self.reproduction.folder, run)

    def _show(self, epoch: int, reached: float | None) -> None:
        so_far = "" if reached is None else f", mAP50 {reached:.3f}"
        self.watch(f"training{so_far}", epoch, self.plan.epochs)

    def _find_or_start(self, fresh: bool) -> tuple[Run, tuple[str, ...]]:
        """Return the run, an earlier one or a new one, with notes for the user."""
        wanted = self._wanted()
        run = None if fresh else find_run(self.reproduction.folder, wanted)
        if run is None:
            return Run(number=next_number(self.reproduction.folder), wanted=wanted), ()
        if run.outcome:
            return run, ("this run is finished already and was not trained again; to train it again, add --fresh",)
        return run, (f"continuing the run in {self._folder(run)}",)

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

    def _training(self, run: Run) -> training.Training:
        folder = self._folder(run)
        folder.mkdir(parents=True, exist_ok=True)
        return training.Training(
            workspace=self.reproduction.workspace,
            interpreter=self.reproduction.interpreter,
            script=self.reproduction.script,
            words=tuple(words(script_arguments(self.reproduction, self.plan, folder, self.ready.init))),
            folder=folder,
            epochs=self.plan.epochs,
            init=self.ready.init,
            paths={"save_dir": run.save_dir} if run.save_dir else {},  # the checkpoint has it of where it was written
            tracking=self._tracking(run),
        )

    def _tracking(self, run: Run) -> Tracking | None:
        record, wanted = self.reproduction.record, run.wanted
        arm = "base" if wanted.base else f"{self.plan.recipe.module}-{record.flavor}"
        return track_run(
            self.ready.tracker,
            self._store,
            name=f"{arm}-{wanted.scale}-{run.number}",
            group=record.tutorial,
            arm=arm,
            scale=wanted.scale,
            seed=self.plan.seed,
            commit=wanted.commit,
        )

    def _evaluate(self, run: Run) -> Run:
        """Validate, predict and export with the trained checkpoint."""
        self.watch("validating, predicting, exporting", self.plan.epochs, self.plan.epochs)
        folder, rows = self._folder(run), rows_of(run)
        request = EvaluateRequest(
            workspace=str(self.reproduction.workspace.path),
            style=style_of(self.reproduction.workspace.pin),
            weights=str(weights_of(run)),
            data=self.plan.data,
            imgsz=self.plan.imgsz,
            device=self.plan.device,
            image=str(self.data.image),
            folder=str(folder / EXAMINED),
            curves=Curves(losses(rows), list(map(map50, rows)), str(folder / CURVES)),
        )
        outcome: dict[str, object] = {}
        log = folder / "evaluation"
        remove_tree(log)  # of a process that was killed
        run_in_workspace(
            EVALUATE,
            request,
            self.reproduction.workspace.path,
            self.reproduction.interpreter,
            log,
            lambda message: outcome.update(_outcome(message)),
            what="evaluating the trained model",
            keeps_log=True,
        )
        run = replace(run, outcome=outcome)
        self._save(run)
        return run


def _outcome(message: object) -> dict[str, object]:
    """Return what the record keeps of a message of the evaluation."""
    if isinstance(message, TrainedModel):
        return {"model": encode(message)}
    if isinstance(message, Validated):
        return {"validated": encode(message.parts)}
    if isinstance(message, Prediction):
        return {"predicted": encode(message)}
    return {"exported": encode(message.forms)} if isinstance(message, Exported) else {}
