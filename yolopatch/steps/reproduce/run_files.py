"""The arguments of a run's script, and the files in the run's folder that they name."""

from __future__ import annotations

from pathlib import Path

import yaml

from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.templates import load_templates
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunPlan, model_words


def script_arguments(
    reproduction: Reproduction, planned: RunPlan, folder: Path, init: Path | None
) -> dict[str, object]:
    """Return the arguments that replace or complete those in the script; write the files that they name."""
    own = str(_own_cfg(reproduction, planned, folder)) if _needs_own_cfg(planned) else None
    arguments = {**planned.changes, **model_words(planned, own, init)}
    if planned.hyperparameters:
        arguments["hyp"] = str(_hyperparameters(reproduction, planned, folder))
    return arguments


def run_cfg(reproduction: Reproduction, planned: RunPlan) -> Cfg:
    """Return the model that the run trains, at its own scale only."""
    model = reproduction.workspace.pin.model
    if planned.base:
        return plan(RenderRequest(model=model, scales=planned.scale))[0]
    modules = (planned.recipe.module,)
    return plan(RenderRequest(modules, model, scales=planned.scale, flavor=reproduction.record.flavor))[0]


def _needs_own_cfg(planned: RunPlan) -> bool:
    # a file without a scales table has only one scale
    return planned.style == "yolov5" and not planned.base and planned.scale != planned.recipe.scale


def _own_cfg(reproduction: Reproduction, planned: RunPlan, folder: Path) -> Path:
    file = folder / f"{Path(planned.recipe.cfg).stem}_{planned.scale}.yaml"
    write_whole(file, render_text(run_cfg(reproduction, planned), load_templates()).encode())
    return file


def _hyperparameters(reproduction: Reproduction, planned: RunPlan, folder: Path) -> Path:
    package = reproduction.workspace.path / reproduction.workspace.pin.layout.package
    own = yaml.safe_load((package / "data" / "hyps" / "hyp.scratch-low.yaml").read_text("utf-8"))
    file = folder / "hyp.yaml"
    write_whole(file, yaml.safe_dump({**own, **planned.hyperparameters}, sort_keys=False).encode())
    return file
