"""What a user wants rendered, in names, and the models that it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.model.base_model import DETECT, BaseModel
from yolopatch.catalog.model.models import ALL_SCALES, find_model, find_scales
from yolopatch.catalog.modules import FLAVORS, Module, find_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.core.model.cfg_text import Cfg
from yolopatch.core.model.layout import Replacement, place
from yolopatch.core.model.placement import assign, choose
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class RenderRequest:
    """What to render, as the command line names it; None is the module's or the model's own choice.

    Attributes:
        modules: what to place; with none it is the base model's own file.
        placements: one for the only module, or `MODULE:PLACEMENT` for each that has another than its own.
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
    """Return what each file of the request will hold, without touching the disk.

    Raises:
        UsageError: a name or value that is not known, a layer that cannot take the module, or two
            modules on one layer.
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
        raise UsageError("neither a module nor a model is named", hint="add --module DSConv, or --model yolo11")
    if request.placements or request.block:
        raise UsageError("there is no module to place", hint="add --module DSConv")
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
    place(model, replacements)
    return model, replacements


def _usual_model(modules: list[Module]) -> str:
    """Return the model of the first tutorial that one of the modules comes from."""
    tutorials = [module.tutorial for module in modules if module.tutorial]
    if not tutorials:
        raise UsageError(f"which model {modules[0].name} goes into is open", hint="add --model yolo11")
    return tutorials[0].model
