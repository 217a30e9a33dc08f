"""The checkpoints that the runs of a grid start from: one base's weights, transplanted into every arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.text import sha256
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.ablate.files import PreparedModel
from yolopatch.steps.ablate.plan import GridPlan
from yolopatch.steps.checkpoint.transplant import Transplant, TransplantRequest, transplant


@dataclass(frozen=True)
class StartWeights:
    """The checkpoints.

    Attributes:
        files: by the arm's name and the scale; empty for runs from random weights.
        sums: by scale the sha256 of the checkpoint whose weights they have.
        notes: what the user should know.
    """

    files: Mapping[tuple[str, str], Path]
    sums: Mapping[str, str]
    notes: tuple[str, ...]


def make_start_weights(
    plan: GridPlan,
    folder: GridFolder,
    models: Mapping[tuple[str, str], PreparedModel],
    workspaces: Mapping[str, Workspace],
    interpreter: Interpreter,
    classes: int,
    cache: Path,
    watch: Watch,
) -> StartWeights:
    """Transplant the grid's weights into each arm, unless an earlier call did.

    Every model gets the classes of the data, with which upstream builds it: weights for others would be lost.

    Raises:
        YolopatchError: a checkpoint is not of the base model, or cannot be read.
    """
    files: dict[tuple[str, str], Path] = {}
    sums: dict[str, str] = {}
    notes: list[str] = []
    for number, (arm, scale) in enumerate(models, 1):
        weights = plan.weights(scale)
        if weights is None:
            continue
        if scale not in sums:
            sums[scale] = sha256(weights.read_bytes())
        out, model, workspace = folder.init(arm, scale), models[arm, scale], workspaces[arm]
        files[arm, scale] = out
        of = f"{sums[scale]} {model.sha256} {workspace.tip.id} {classes}\n".encode()
        told = out.with_suffix(".txt")
        if out.is_file() and told.is_file() and told.read_bytes() == of:
            continue
        watch(f"start weights of {arm}, scale {scale}", number, len(models))
        out.parent.mkdir(exist_ok=True)
        request = TransplantRequest(
            cfg=model.cfg,
            weights=weights,
            out=out,
            scale=scale,
            nc=classes,
            python=interpreter.executable,
            overwrite=True,
        )
        made = transplant(workspace.path, request, cache, lambda name, step, count: None)
        write_whole(told, of)
        notes.append(_note(arm, scale, made))
    return StartWeights(files, sums, tuple(notes))


def _note(arm: str, scale: str, made: Transplant) -> str:
    counts = ", ".join(f"{count} {how}" for how, count in made.tensors.items())
    classes = made.classes
    differ = None not in (classes.base, classes.model) and classes.base != classes.model
    others = f"; the checkpoint has {classes.base} classes, the data {classes.model}" if differ else ""
    return f"{arm}, scale {scale}, starts from {made.weights.name}: {counts} tensors{others}"
