"""The files that a grid's runs need in the workspaces: the models' YAMLs, the training scripts and hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from yolopatch.core.ablate.grid import Arm
from yolopatch.core.text import sha256
from yolopatch.core.training.script import Group, Script, entry_of, script_text
from yolopatch.errors import UsageError
from yolopatch.outside.ablate.grid_folder import HYPERPARAMETERS, GridFolder
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.ablate.arguments import Arguments
from yolopatch.steps.ablate.device import Devices
from yolopatch.steps.ablate.plan import GridPlan

SCRIPT = "train_arm.py"
_OWN_SETS = Path("cfg", "datasets")  # of ultralytics; yolov5 has them in `data`


@dataclass(frozen=True)
class PreparedModel:
    """The YAML of an arm at a scale, and the sha256 of its text."""

    cfg: Path
    sha256: str


def write_cfg_of(plan: GridPlan, workspace: Workspace, arm: Arm, scale: str, nc: int | None) -> PreparedModel:
    """Write the YAML of an arm at a scale into its workspace.

    Raises:
        UsageError: as `GridPlan.cfg`.
    """
    name, text = plan.cfg(arm, scale, nc)
    data = text.encode()
    _write(workspace.path / name, data)
    return PreparedModel(workspace.path / name, sha256(data))


def find_data(plan: GridPlan, workspace: Workspace) -> str:
    """Return the argument for the data: the whole path of the user's file, or upstream's name of its own.

    Raises:
        UsageError: there is no such file.
    """
    file = (plan.where / plan.grid.data).expanduser()
    if file.is_file():
        return str(file.absolute())
    layout = workspace.pin.layout
    own = Path(layout.package) / (_OWN_SETS if layout.style == "ultralytics" else "data") / plan.grid.data
    if Path(plan.grid.data).name == plan.grid.data and (workspace.path / own).is_file():
        return own.as_posix()
    raise UsageError(
        f"there is no data file {plan.grid.data}",
        details=[f"looked for: {file.absolute()}", f"and upstream's own in {own.parent.as_posix()}"],
        hint='make one: yolopatch data shapes --out shapes, then data = "shapes/data.yaml"',
    )


def write_scripts(
    plan: GridPlan,
    workspaces: Mapping[str, Workspace],
    models: Mapping[tuple[str, str], PreparedModel],
    arguments: Arguments,
    devices: Devices,
    data: str,
    hyperparameters: Path | None,
) -> None:
    """Write the training script of each arm into its workspace."""
    common: dict[str, object] = {"data": data, **arguments.call}
    if devices.argument:
        common["device"] = devices.argument
    if hyperparameters:
        common["hyp"] = str(hyperparameters)
    first = plan.grid.scales[0]
    for arm, workspace in workspaces.items():
        model, is_yolov5 = models[arm, first], plan.pin.layout.style == "yolov5"
        own: dict[str, object] = {"seed": plan.grid.seeds[0]}
        script = Script(
            name=SCRIPT,
            purpose=f"Train the arm {arm} of an ablation.",
            does=f"trains it at the scale {first} with the seed {plan.grid.seeds[0]}",
            model=model.cfg.name,
            groups=(
                Group("the same for every run of the ablation", "COMMON", common),
                Group("of one run", "RUN", {"cfg": model.cfg.name, "weights": "", **own} if is_yolov5 else own),
            ),
            seeded=not arguments.has_seed,
            entry=entry_of(read_cfg(model.cfg).head),
        )
        _write(workspace.path / SCRIPT, script_text(script, plan.pin, load_templates()).encode())


def write_hyperparameters(folder: GridFolder, arguments: Arguments) -> Path | None:
    """Write the hyperparameters of a grid that names some, where upstream reads them from a file; return the file."""
    if not arguments.hyperparameters:
        return None
    file = folder.path / HYPERPARAMETERS
    _write(file, yaml.safe_dump(dict(arguments.hyperparameters), sort_keys=False).encode())
    return file


def _write(file: Path, data: bytes) -> None:
    """Write a file if it differs: a run that goes on may have it open."""
    if not (file.is_file() and file.read_bytes() == data):
        write_whole(file, data)
