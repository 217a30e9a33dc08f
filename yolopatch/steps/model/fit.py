"""Whether a model YAML fits a workspace: the family that the workspace's pin is for, and the modules that it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.modules import module_of_class
from yolopatch.catalog.pins import Pin
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.cfg_text import Cfg, file_name
from yolopatch.core.model.file_model import FileModel
from yolopatch.core.model.layout import Replacement, lay_out_layers
from yolopatch.errors import YolopatchError
from yolopatch.outside.probe.elsewhere import lacked_by
from yolopatch.outside.workspace.workspace import Workspace, add_command, workspace_around
from yolopatch.wire import shell

if TYPE_CHECKING:
    from yolopatch.outside.probe.run import ModelError

_OTHER_NETWORK = "it may not build there, or be another network"


def notes_on_place(cfgs: Sequence[Cfg], place: Path) -> tuple[str, ...]:
    """Return what keeps a workspace from building the files that are written into it; nothing for another folder."""
    workspace = workspace_around(place)
    if workspace is None:
        return ()
    cfg = cfgs[0]  # the files of one request differ in their scale alone
    if not cfg.model.fits(workspace.pin):
        command = workspace_command(cfg.model.pin, [one.module.name for one in cfg.replacements], workspace)
        if isinstance(cfg.model, FileModel):
            what = f"{file_name(cfg)} is for {cfg.model.pin.name}, and {workspace.path} is of {workspace.pin.name}"
            return (f"{what}: {_OTHER_NETWORK}: --repo {workspace.pin.name}, or {command}",)
        what = other_family(file_name(cfg), cfg.model.name, workspace)
        return (f"{what}: {_OTHER_NETWORK}: --model {workspace.pin.model}, or {command}",)
    return tuple(note for one in cfg.replacements if (note := _note_on_module(one, workspace)))


def notes_on_releases(file: CfgFile, pin: Pin, place: Path) -> tuple[str, ...]:
    """Return which classes of a YAML a pin's release lacks, and which releases have them.

    Args:
        file: the YAML.
        pin: the upstream that it is for.
        place: the folder that it is written into; the code of a workspace around it may have more classes.
    """
    workspace = workspace_around(place)
    lacking = lacked_by(pin, file, workspace.path if workspace else None)
    return tuple(f"{file.path.name} will not build with {pin.name}: {why}" for why in lacking.values())


def notes_on_classes(cfgs: Sequence[Cfg]) -> tuple[str, ...]:
    """Return what upstream builds wrongly because a row's channels are as many as there are classes."""
    cfg = cfgs[0]  # the files of one request differ in their scale alone
    if cfg.model.style != "ultralytics" or not cfg.model.scales_channels:
        return ()  # yolov5 compares with the outputs of the head instead
    layers = lay_out_layers(cfg.model, cfg.replacements)[:-1]
    equal = [str(i) for i, layer in enumerate(layers) if layer.args[:1] == (cfg.nc,) and layer.sets_channels]
    if not equal:
        return ()
    return (
        f"the rows of layers {', '.join(equal)} ask for {cfg.nc} channels, as many as there are classes: upstream "
        "takes such a number for nc and does not scale it, so the model is much larger than its scale. Add to the data "
        f"a class that no label has, and render with --nc {cfg.nc + 1}",
    )


def _note_on_module(one: Replacement, workspace: Workspace) -> str:
    flavor = {applied.name: applied.flavor for applied in workspace.applied}.get(one.module.name)
    if flavor is None:
        command = add_command(one.module.name, workspace, one.flavor)
        return f"{workspace.path} does not have {one.module.name} yet: {command}"
    if flavor != one.flavor:
        return f"{workspace.path} has {one.module.name} in the flavor {flavor}, not {one.flavor}: --flavor {flavor}"
    return ""


def other_family(name: str, family: str, workspace: Workspace) -> str:
    """Return the sentence for a YAML of another family than the workspace's."""
    pin = workspace.pin
    has = f" and has {', '.join(pin.others)}" if pin.others else ""
    return (
        f"{name} is a {family} model, and {workspace.path} is a workspace of {pin.name}, which is for {pin.model}{has}"
    )


def workspace_command(pin: Pin, modules: Iterable[str], workspace: Workspace) -> str:
    """Return the command that makes a workspace of a pin.

    Args:
        pin: the pin.
        modules: the modules that the workspace needs; without any, those of the other workspace.
        workspace: the other workspace.
    """
    names = [*modules] or [one.name for one in workspace.applied] or ["DSConv"]
    chosen = [word for name in names for word in ("--module", name)]
    flavor = ["--flavor", TUTORIAL_FLAVOR] if TUTORIAL_FLAVOR in {one.flavor for one in workspace.applied} else []
    return shell.join(["yolopatch", "apply", "--repo", pin.name, *chosen, *flavor])


def modules_of(file: CfgFile) -> list[str]:
    """Return the modules whose classes a YAML names, each once."""
    found = (module_of_class(row[2]) for row in file.rows)
    return list(dict.fromkeys(module.name for module in found if module))


def explain_misfit(error: ModelError, file: CfgFile, family: str | None, workspace: Workspace) -> YolopatchError:
    """Return the error for a model that does not build in a workspace: what does not fit, else the error itself."""
    if family and family not in workspace.pin.families:
        return YolopatchError(
            f"{other_family(file.path.name, family, workspace)}; it does not build there",
            details=[
                f"expected: a {workspace.pin.model} model",
                f"found:    a {family} model; {error.model.why}",
            ],
            hint=f"make a workspace for it: {workspace_command(MODELS[family].pin, modules_of(file), workspace)}",
        )
    return error
