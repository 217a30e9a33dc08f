"""A request for model YAMLs, in the user's words, and the models that it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.base_model import DETECT, BaseModel
from yolopatch.catalog.model.models import ALL_SCALES, find_model, find_scales
from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.modules import find_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.layout import Replacement, lay_out_layers
from yolopatch.core.model.placement import assign, choose
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class RenderRequest:
    """The options of `render-cfg`; None means the default of the module or of the model.

    Attributes:
        modules: the modules to place; without any, the file is the base model's own.
        model: the base model; None for that of the module's tutorial.
        scales: letters with commas, or `all` for one file with the table of scales.
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


def plan(request: RenderRequest) -> list[Cfg]:
    """Return what each file of the request will hold; the disk is not read or written.

    Raises:
        UsageError: an unknown name or value, a layer that the module cannot replace, or two modules
            for one layer.
    """
    if request.flavor not in FLAVORS:
        raise unknown("flavor", request.flavor, FLAVORS)
    model, replacements = _plan_modules(request) if request.modules else _plan_base(request)
    nc = model.nc if request.nc is None else request.nc
    if nc < 1:
        raise UsageError(f"--nc {nc}: a model has at least one class", hint="e.g. --nc 80")
    return [Cfg(model, scale, nc, replacements) for scale in find_scales(model, request.scales)]


def _plan_base(request: RenderRequest) -> tuple[BaseModel, tuple[()]]:
    if request.model is None:
        raise UsageError("no module and no model given", hint="add --module DSConv, or --model yolo11")
    if request.placements or request.block:
        raise UsageError("--placement and --block need a module", hint="add --module DSConv")
    return find_model(request.model, request.task), ()


def _plan_modules(request: RenderRequest) -> tuple[BaseModel, tuple[Replacement, ...]]:
    modules = list(dict.fromkeys(map(find_module, request.modules)))
    for module in modules:
        require_flavor(module, request.flavor)
    model = find_model(request.model or _usual_model(modules), request.task)
    asked = assign(modules, request.placements)
    replacements = tuple(
        Replacement(module, request.flavor, choose(model, module, request.flavor, asked.get(module), request.block))
        for module in modules
    )
    lay_out_layers(model, replacements)
    return model, replacements


def _usual_model(modules: list[Module]) -> str:
    """Return the base model of the first tutorial of these modules."""
    tutorials = [module.tutorial for module in modules if module.tutorial]
    if not tutorials:
        raise UsageError(f"{modules[0].name} has no default model", hint="add --model yolo11")
    return tutorials[0].model
