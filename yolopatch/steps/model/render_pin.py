"""The pin that a rendered YAML is for: the one that is named, that of a workspace, or the usual one of the model."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.kinds import BLOCK_STEMS
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.pins import PINS, PORTED, Pin, newest, resolve_repo
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.family import family_of
from yolopatch.outside.workspace.workspace import workspace_around


def pin_of_model(model: BaseModel, repo: str | None, out: Path) -> Pin | None:
    """Return the pin that a model of a family is written for; None for the model's usual one.

    Args:
        model: the model.
        repo: the upstream or the pin that the user names, or None.
        out: the folder of the files: in a workspace that builds the model, its pin counts.

    Raises:
        UsageError: no upstream and no pin has the name.
    """
    if repo:
        return resolve_repo(repo, [model.pin.name])
    workspace = workspace_around(out.absolute())
    return workspace.pin if workspace and model.fits(workspace.pin) else None


def pin_of_file(file: CfgFile, repo: str | None, out: Path) -> tuple[Pin, str]:
    """Return the pin that a model made of a YAML is written for, and why, in words.

    Args:
        file: the YAML.
        repo: the upstream or the pin that the user names, or None.
        out: the folder of the files; a workspace that has it, or else the YAML, says the pin.

    Raises:
        UsageError: no upstream and no pin has the name.
    """
    family = family_of(file)
    usual = [MODELS[family].pin] if family else []
    if repo:
        return resolve_repo(repo, [pin.name for pin in usual]), ""
    for place in (out.absolute(), Path(file.path).absolute().parent):
        workspace = workspace_around(place)
        if workspace:
            return workspace.pin, ""
    if usual:
        return usual[0], f"its layers are those of {family}"
    return _by_blocks(file)


def _by_blocks(file: CfgFile) -> tuple[Pin, str]:
    """Return the newest pin of yolopatch's own whose blocks the file has, else the newest of all."""
    classes = {row[2] for row in file.rows}
    for block in BLOCK_STEMS:
        pins = [pin for pin in PINS.values() if pin.block == block and pin.home is None]
        if block in classes and pins:
            return pins[-1], f"it has {block} blocks"
    return newest(PORTED), "nothing in it says for which upstream it is"
