"""A request for model YAMLs, in the user's words, and the models that it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.kinds import FORK
from yolopatch.catalog.model.base_model import DETECT, BaseModel
from yolopatch.catalog.model.models import ALL_SCALES, find_model, find_scales
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS, Module
from yolopatch.catalog.modules import find_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.file_model import FileModel, model_of_file
from yolopatch.core.model.layout import Replacement, lay_out_layers
from yolopatch.core.model.placement import assign, choose
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class RenderRequest:
    """The options of `render-cfg`; None means the default of the module or of the model.

    Attributes:
        modules: the modules to place; without any, the file is the base model's own.
        model: the base model; None for that of the module's tutorial.
        source: a YAML that is the base model in place of one of upstream's families.
        repo: the upstream or the pin that the files are for; None to find it.
        scales: scales with commas, or `all` for one file with the table of scales.
        placements: one for a single module, else `MODULE:PLACEMENT` for each module with another than its default.
        block: whether the module is wrapped into the block of the model's family.
        nc: the number of classes; None for upstream's.
        out: the folder of the files.
    """

    modules: tuple[str, ...] = ()
    model: str | None = None
    task: str = DETECT
    scales: str = ALL_SCALES
    placements: tuple[str, ...] = ()
    block: bool = False
    nc: int | None = None
    flavor: str = "paper"
    out: Path = Path(".")
    source: Path | None = None
    repo: str | None = None


def plan(request: RenderRequest, pin: Pin | None = None, file: CfgFile | None = None) -> list[Cfg]:
    """Return what each file of the request will hold; the disk is not read or written.

    Args:
        request: what to render.
        pin: the upstream that the files are for; None for the usual one of the model.
        file: the content of the request's `source`; it needs a pin.

    Raises:
        UsageError: an unknown name or value, a layer that the module cannot replace, or two modules
            for one layer.
    """
    if request.flavor not in (*FLAVORS, ASSIGNER_FLAVOR):  # that of an arm with a loss alone, which places nothing
        raise unknown("flavor", request.flavor, FLAVORS)
    modules = list(dict.fromkeys(map(find_module, request.modules)))
    _refuse_unplaced(modules)
    _refuse_misfits(request, modules)
    for module in modules:
        require_flavor(module, request.flavor)
    if not modules and (request.placements or request.block):
        raise UsageError("--placement and --block need a module", hint="add --module DSConv")
    model = model_of_file(file, pin) if file and pin else find_base(request, pin)
    return [
        Cfg(model.at(scale), scale, _classes(request, model), _place(request, modules, model.at(scale)))
        for scale in _scales(request, model)
    ]


def find_base(request: RenderRequest, pin: Pin | None = None) -> BaseModel:
    """Return the model of one of upstream's families that a request is about.

    Args:
        request: the request, without a `source`.
        pin: the upstream that it is for; None for the usual one of the model.

    Raises:
        UsageError: there is no such family or task, or the pin does not have it.
    """
    if request.model is None and not request.modules:
        raise UsageError("no module and no model given", hint="add --module DSConv, or --model yolo11")
    name = request.model or _usual_model(list(map(find_module, request.modules)))
    model = find_model(name, request.task)
    if pin and not model.fits(pin):
        raise UsageError(
            f"{pin.name} has no {model.name}",
            details=[f"its models: {', '.join(pin.families)}"],
            hint=f"--repo {model.pin.name}",
        )
    return replace(model, on=pin)


def _classes(request: RenderRequest, model: BaseModel) -> int:
    nc = model.nc if request.nc is None else request.nc
    if nc < 1:
        raise UsageError(f"--nc {nc}: a model has at least one class", hint="e.g. --nc 80")
    return nc


def _scales(request: RenderRequest, model: BaseModel) -> tuple[str, ...]:
    found = find_scales(model, request.scales)
    if isinstance(model, FileModel):
        for letter in found:
            model.require_scale(letter)
    return found


def _place(request: RenderRequest, modules: Sequence[Module], model: BaseModel) -> tuple[Replacement, ...]:
    asked = assign(modules, request.placements)
    replacements = tuple(
        Replacement(module, request.flavor, choose(model, module, request.flavor, asked.get(module), request.block))
        for module in modules
    )
    lay_out_layers(model, replacements)
    return replacements


def _refuse_misfits(request: RenderRequest, modules: Sequence[Module]) -> None:
    """Refuse a module in its usual place in a family's model, where it does not fit."""
    misfits = [] if request.source else [module for module in modules if module.misfit]
    asked = assign(modules, request.placements) if misfits else {}
    found = next((module for module in misfits if module not in asked), None)
    if found:
        raise UsageError(
            f"{found.name} does not fit where modules of its kind stand: {found.misfit}",
            hint="write its rows into a YAML of your own; or name layers where it fits, e.g. --placement 12",
        )


def _refuse_unplaced(modules: list[Module]) -> None:
    found = next((module for module in modules if not module.has_layers), None)
    if found is None:
        return
    others = [module.name for module in modules if module.has_layers]
    rest = " ".join(f"--module {name}" for name in others) if others else "--model yolo11"
    if found.kind == FORK:
        raise UsageError(
            f"{found.name} is a fork: its models have YAMLs of their own, which are in every workspace that has it",
            details=[
                f"yolopatch status shows a workspace; its YAMLs are in the folder {found.name.lower()} of its models"
            ],
            hint=f"leave --module {found.name} out: yolopatch render-cfg {rest}",
        )
    raise UsageError(
        f"{found.name} is a loss: it has no layer, and the model's YAML stays as it is",
        details=[f"a workspace that has it trains every model with it: --module {found.name} of yolopatch apply"],
        hint=f"leave --module {found.name} out: yolopatch render-cfg {rest}",
    )


def _usual_model(modules: list[Module]) -> str:
    """Return the base model of the first tutorial of these modules."""
    tutorials = [module.tutorial for module in modules if module.tutorial]
    if not tutorials:
        raise UsageError(f"{modules[0].name} has no default model", hint="add --model yolo11")
    return tutorials[0].model
