"""`list`: the known modules, pins and tutorials, and the checks of `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES
from yolopatch.catalog.kinds import BLOCK
from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.catalog.resources import patch_file
from yolopatch.wire.checks import CHECKS

LISTS = ("modules", "pins", "tutorials", "checks")


@dataclass(frozen=True)
class ModuleRow:
    """A module, its kind, its classes without the blocks, and the available flavors by pin."""

    name: str
    kind: str
    classes: tuple[str, ...]
    paper: str
    tutorial: str | None
    pins: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class PinRow:
    """A pin, its base model, the model's block, its tasks, further models, its sources, and its fix patches."""

    name: str
    model: str
    block: str
    tasks: tuple[str, ...]
    others: tuple[str, ...]
    sources: tuple[str, ...]
    fix_patches: tuple[str, ...]


@dataclass(frozen=True)
class TutorialRow:
    """A blog post's recipe."""

    id: str
    module: str
    pin: str
    model: str
    placement: str


@dataclass(frozen=True)
class CheckRow:
    """A check of `verify`, and what it means for the user that it passes."""

    id: str
    means: str


def list_checks() -> list[CheckRow]:
    """Return every check, in the order in which they run."""
    return [CheckRow(check.id, check.means) for check in CHECKS]


def list_modules() -> list[ModuleRow]:
    """Return every module."""
    return [
        ModuleRow(m.name, m.kind, _classes(m), m.paper, m.tutorial.id if m.tutorial else None, _available(m))
        for m in MODULES.values()
    ]


def _classes(module: Module) -> tuple[str, ...]:
    """Return the classes that a YAML can have, without those of the family's blocks."""
    if module.stands_for_conv:
        return (*module.classes, module.conv)
    return module.classes if module.kind == BLOCK else (*module.classes, *map(module.suffixed, module.stems))


def _available(module: Module) -> dict[str, tuple[str, ...]]:
    if module.is_made_on_demand:
        return dict.fromkeys(PINS, module.flavors)  # its patch is made on demand, for any pin
    found = {pin: tuple(f for f in module.flavors if patch_file(pin, module.name, f).is_file()) for pin in PINS}
    return {pin: flavors for pin, flavors in found.items() if flavors} if module.home else found


def list_pins() -> list[PinRow]:
    """Return every pin."""
    return [
        PinRow(p.name, p.model, p.block, _tasks(p.model), p.others, tuple(_sources(p)), tuple(_fix_patches(p)))
        for p in PINS.values()
    ]


def _tasks(model: str) -> tuple[str, ...]:
    return tuple(task for name, task in VARIANTS if name == model)


def _fix_patches(pin: Pin) -> Iterator[str]:
    return (patch.name for patch in FIX_PATCHES if patch.fixes_of(pin))


def _sources(pin: Pin) -> Iterator[str]:
    if pin.git:
        yield f"git {pin.git.url} {pin.git.tag or pin.git.commit}"
    if pin.wheel:
        yield f"pypi {pin.wheel.project}=={pin.wheel.version}"


def list_tutorials() -> list[TutorialRow]:
    """Return every tutorial."""
    return [
        TutorialRow(m.tutorial.id, m.name, m.tutorial.pin, m.tutorial.model, m.tutorial.placement)
        for m in MODULES.values()
        if m.tutorial
    ]
