"""`list MODULE`: one module, and the commands to use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.kinds import BACKBONE, LOSS
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.module import Module
from yolopatch.catalog.pins import PINS, PORTED, Pin
from yolopatch.core.model.cfg_text import file_name
from yolopatch.core.model.placement import BACKBONE_PLACE, PLACEMENTS, TUTORIAL, choose, default_placement
from yolopatch.errors import UsageError
from yolopatch.steps.model.listing import ModuleRow, module_row
from yolopatch.steps.model.measured import Measured
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.wire import shell

_SCALE, _DEST = "n", "my-yolo"


@dataclass(frozen=True)
class ModuleDetail:
    """A module with all that is known of it.

    Attributes:
        replaces: what it takes the place of, in words.
        classes: those that a YAML can have, without the blocks.
        blocks: the classes of the families' blocks with it.
        year: of its paper, None where the entry names none.
        tutorial: the id of its blog post, None without one.
        flavors: those that it has.
        pins: the available flavors by pin.
        model: the base model that `placement` and `placements` are about.
        placement: where `render-cfg` puts it there; "" where it is in no layer.
        misfit: as in `Module`.
        placements: the named placements that it can have there.
        measured: what maintainers measured of it, None of a module of the user's own.
        page: the page of the documentation that says what circulating code does otherwise; None of the user's own.
        commands: from nothing to a verified model.
    """

    name: str
    kind: str
    replaces: str
    classes: tuple[str, ...]
    blocks: tuple[str, ...]
    paper: str
    year: int | None
    tutorial: str | None
    flavors: tuple[str, ...]
    pins: dict[str, tuple[str, ...]]
    model: str
    placement: str
    misfit: str
    placements: tuple[str, ...]
    measured: Measured | None
    page: str | None
    commands: tuple[str, ...]


def show_module(module: Module) -> ModuleDetail:
    """Return what is known of a module."""
    row = module_row(module)
    pin = _pin(module, row)
    model = MODELS[pin.model]
    return ModuleDetail(
        name=module.name,
        kind=module.kind,
        replaces=module.role.replaces,
        classes=row.classes,
        blocks=tuple(module.suffixed(stem) for stem in module.stems if module.suffixed(stem) not in row.classes),
        paper=module.paper,
        year=row.year,
        tutorial=row.tutorial,
        flavors=module.flavors,
        pins=row.pins,
        model=model.name,
        placement=default_placement(model, module) if module.has_layers and not module.misfit else "",
        misfit=module.misfit,
        placements=tuple(_placements(model, module)) if module.has_layers else (),
        measured=row.measured,
        page=_page(module),
        commands=tuple(_commands(module, pin)),
    )


def _pin(module: Module, row: ModuleRow) -> Pin:
    """Return the pin of the module's tutorial, else the one that it was measured on, else the newest that has it."""
    if module.tutorial:
        return PINS[module.tutorial.pin]
    if row.measured:
        return PINS[row.measured.pin]
    have = [PINS[name] for name, flavors in row.pins.items() if flavors]
    of_ultralytics = [pin for pin in have if pin.upstream == PORTED and not pin.home]
    return (of_ultralytics or have)[-1]


def _placements(model: BaseModel, module: Module) -> Iterator[str]:
    for name in PLACEMENTS:
        if name == TUTORIAL or (name == BACKBONE_PLACE and module.kind != BACKBONE):
            continue  # the first stands for the module's own; the second is for what returns several maps
        try:
            choose(model, module, module.flavors[0], name)
        except UsageError:
            continue  # the model has no such layer, or the module cannot take its place
        yield name


def _page(module: Module) -> str | None:
    return None if module.home else f"docs/modules/{module.source.replace('_', '-')}.md"


def _commands(module: Module, pin: Pin) -> Iterator[str]:
    yield shell.join(["yolopatch", "apply", "--repo", pin.name, "--module", module.name, "--dest", _DEST])
    chosen = [] if module.kind == LOSS else ["--module", module.name]
    if module.misfit or not (module.has_layers or module.kind == LOSS):
        return  # its rows are in a YAML of the user's own; a fork brings its own YAMLs
    words = [*chosen, "--model", pin.model, "--scale", _SCALE, "--out", _DEST]
    yield shell.join(["yolopatch", "render-cfg", *words])
    asked = RenderRequest(tuple(chosen[1:]), pin.model, scales=_SCALE, out=Path(_DEST))
    yield shell.join(["yolopatch", "verify", _DEST, "--cfg", file_name(plan(asked)[0])])
