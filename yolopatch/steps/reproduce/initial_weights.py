"""The checkpoint that a run of a reproduction begins with: its model, with what another checkpoint knows."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.templates import write_cfg
from yolopatch.outside.watch import Watch
from yolopatch.steps.checkpoint.transplant import TransplantRequest, transplant
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_files import run_cfg
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.wire.training import Arrived

INIT = "init"
_SHOWN = 5


def write_initial_weights(
    reproduction: Reproduction, planned: RunPlan, weights: Path, classes: int, cache: Path, watch: Watch
) -> Path:
    """Write the run's model with what `weights` knows into the reproduction's folder, and return the file.

    Args:
        reproduction: the reproduction.
        planned: the run.
        weights: the checkpoint to start from.
        classes: how many the data has.
        cache: the cache folder.
        watch: told of each step.

    Raises:
        YolopatchError: the checkpoint is of another model, or cannot be read.
    """
    kind = "base" if planned.base else reproduction.record.flavor
    out = reproduction.folder / INIT / f"{weights.stem}-{kind}-{planned.scale}.pt"
    out.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        # with the data's classes: upstream builds it so, and what is for another number would be lost
        cfg = write_cfg(replace(run_cfg(reproduction, planned), nc=classes), Path(folder))
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


def require_arrived(arrived: Arrived) -> None:
    """Check what the trainer held at its first step.

    Raises:
        YolopatchError: something of the checkpoint did not arrive; the training is ended by that.
    """
    if arrived.differing:
        raise YolopatchError(
            "upstream's trainer did not begin with the checkpoint; the training was stopped at its first step",
            details=[
                f"expected: all {arrived.tensors} tensors of it",
                f"found: {arrived.equal} of them; others are: {', '.join(arrived.differing[:_SHOWN])}",
            ],
            hint="are there changes of yours in the workspace's trainer or script? yolopatch status says so",
        )
