"""The checkpoint that a run starts from: its own model with the weights of another checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.watch import Watch
from yolopatch.steps.checkpoint.transplant import TransplantRequest, transplant
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_files import run_cfg
from yolopatch.steps.reproduce.run_plan import RunPlan

INIT = "init"


def write_initial_weights(
    reproduction: Reproduction, planned: RunPlan, weights: Path, classes: int, cache: Path, watch: Watch
) -> Path:
    """Transplant `weights` into the run's model, write it into the reproduction's folder, and return the file.

    Args:
        reproduction: the reproduction.
        planned: the run.
        weights: the checkpoint to start from.
        classes: the number of classes of the data.
        cache: the cache folder.
        watch: called with each step.

    Raises:
        YolopatchError: the checkpoint has another model, or cannot be read.
    """
    kind = "base" if planned.base else reproduction.record.flavor
    out = reproduction.folder / INIT / f"{weights.stem}-{kind}-{planned.scale}.pt"
    out.parent.mkdir(exist_ok=True)
    with temporary_folder() as folder:
        # upstream builds the model with the classes of the data; weights for another number would be lost
        cfg = write_cfg(replace(run_cfg(reproduction, planned), nc=classes), folder)
        request = TransplantRequest(
            cfg=cfg,
            weights=weights,
            out=out,
            scale=planned.scale,
            python=reproduction.interpreter.executable,
            overwrite=True,
        )
        transplant(reproduction.workspace.path, request, cache, watch)
    return out
