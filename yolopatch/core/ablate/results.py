"""What came out of the runs of a grid, and what all of them have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

DONE, FAILED, PENDING = "done", "failed", "pending"
BEST, LAST = "best", "last"  # the checkpoints that upstream keeps


@dataclass(frozen=True)
class Scores:
    """The metrics of boxes on the validation images, after one epoch.

    Attributes:
        precision, recall, map50, map50_95: from 0 to 1; not finite where upstream wrote that.
        epoch: which, counted from 1.
        epochs: how many were trained.
    """

    precision: float
    recall: float
    map50: float
    map50_95: float
    epoch: int
    epochs: int

    def named(self) -> dict[str, float]:
        """Return the metrics by their names in results."""
        return {
            "mAP50": self.map50,
            "mAP50-95": self.map50_95,
            "precision": self.precision,
            "recall": self.recall,
        }

    def are_finite(self) -> bool:
        """Return whether every metric is a number."""
        return all(map(math.isfinite, self.named().values()))


@dataclass(frozen=True)
class RunResult:
    """One run of the grid.

    Attributes:
        id: its name in the grid's folder.
        arm, scale, seed: its place in the grid.
        status: DONE, FAILED or PENDING.
        commit: of the workspace that trained.
        best: of the epoch whose weights are in best.pt; None without one.
        last: of the last epoch, whose weights are in last.pt; None without one.
        seconds: of training, in all attempts.
        attempts: how often a process trained.
        host: the machine.
        why: the reason of a failure, else "".
    """

    id: str
    arm: str
    scale: str
    seed: int
    status: str
    commit: str
    best: Scores | None
    last: Scores | None
    seconds: float
    attempts: int
    host: str
    why: str

    def scores(self, choice: str) -> Scores | None:
        """Return the metrics of a checkpoint, BEST or LAST; None for a run that is not done."""
        return (self.best if choice == BEST else self.last) if self.status == DONE else None

    def data(self, choice: str) -> dict[str, object]:
        """Return its part of what `ablate --json` prints, with the metrics of a checkpoint; its keys are a contract."""
        scores = self.scores(choice)
        metrics = (
            {name: value if math.isfinite(value) else None for name, value in scores.named().items()}
            if scores
            else None
        )
        return {
            "id": self.id,
            "arm": self.arm,
            "scale": self.scale,
            "seed": self.seed,
            "status": self.status,
            "commit": self.commit,
            "metrics": metrics,
            "seconds": self.seconds,
            "attempts": self.attempts,
            "host": self.host,
            "why": self.why,
        }


@dataclass(frozen=True)
class ModelFigures:
    """What the model of an arm at a scale costs.

    Attributes:
        parameters: as upstream prints them for the model as it is built.
        gflops: of one image, counted by torch.
        latency_ms, fps: of a forward after upstream's fuse(); None where they were not measured.
    """

    parameters: int
    gflops: float
    latency_ms: float | None
    fps: float | None


@dataclass(frozen=True)
class Plan:
    """The grid that was wanted: every arm at every scale with every seed; `baseline` is one of the arms."""

    arms: tuple[str, ...]
    scales: tuple[str, ...]
    seeds: tuple[int, ...]
    baseline: str


@dataclass(frozen=True)
class Conditions:
    """What all runs of the grid have in common, for the notes of every table.

    Attributes:
        choice: whose metrics the tables hold: BEST or LAST.
        pin: whose code trained.
        seed_patch: whether upstream's loaders were made to depend on the seed; None for a pin whose loaders do without.
        data: the data set.
        arguments: upstream's arguments that every run had, e.g. "epochs=100 imgsz=640".
        weights: the checkpoint that was transplanted into every arm; "" for runs from scratch.
        environment: the libraries and machines, in words.
        figures: how latency and FPS were measured, in words; "" where they were not.
        loaders_known: whether it is known if the pin's loaders depend on the seed; not of a pin of the user's own.
    """

    choice: str
    pin: str
    seed_patch: bool | None
    data: str
    arguments: str
    weights: str
    environment: str
    figures: str
    loaders_known: bool = True
