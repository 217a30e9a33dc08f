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
from yolopatch.errors import SourceError
from yolopatch.outside.files.folders import size_of
from yolopatch.outside.files.user_folder import NoHomeError
from yolopatch.outside.source.manifests import read_manifest
from yolopatch.outside.source.store import cache_dir, cached_sizes
from yolopatch.steps.model.measured import Measured, measured, year_of
from yolopatch.wire.checks import CHECKS

LISTS = ("modules", "pins", "tutorials", "checks")


@dataclass(frozen=True)
class ModuleRow:
    """A module as the overview has it.

    Attributes:
        classes: those that a YAML can have, without the blocks.
        year: of its paper, None where the entry names none.
        tutorial: the id of its blog post, None without one.
        pins: the available flavors by pin.
        measured: what maintainers measured of it, None of a module of the user's own.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    paper: str
    year: int | None
    tutorial: str | None
    pins: dict[str, tuple[str, ...]]
    measured: Measured | None


@dataclass(frozen=True)
class CachedSource:
    """A pin's content in the cache, from one kind of source, and how large it is."""

    source: str
    bytes: int


@dataclass(frozen=True)
class PinRow:
    """A pin.

    Attributes:
        model, block: its base model, and the class of that model's blocks.
        tasks: of its base model.
        others: further models.
        sources: where it can be fetched from.
        fix_patches: those that it can have.
        cached: what the cache has of it.
    """

    name: str
    model: str
    block: str
    tasks: tuple[str, ...]
    others: tuple[str, ...]
    sources: tuple[str, ...]
    fix_patches: tuple[str, ...]
    cached: tuple[CachedSource, ...]


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
    return [module_row(module) for module in MODULES.values()]


def module_row(module: Module) -> ModuleRow:
    """Return a module as the overview has it."""
    return ModuleRow(
        name=module.name,
        kind=module.kind,
        classes=_classes(module),
        paper=module.paper,
        year=year_of(module.paper),
        tutorial=module.tutorial.id if module.tutorial else None,
        pins=_available(module),
        measured=measured(module),
    )


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
        PinRow(
            name=pin.name,
            model=pin.model,
            block=pin.block,
            tasks=tuple(_tasks(pin)),
            others=pin.others,
            sources=tuple(_sources(pin)),
            fix_patches=tuple(_fix_patches(pin)),
            cached=tuple(_cached(pin)),
        )
        for pin in PINS.values()
    ]


def cache_size() -> int:
    """Return the bytes of the whole cache: also of other releases, of wheels and of environments."""
    try:
        return size_of(cache_dir())
    except NoHomeError:
        return 0


def _cached(pin: Pin) -> Iterator[CachedSource]:
    try:
        cache = cache_dir()
    except NoHomeError:
        return  # a user without a home folder has no cache
    yield from (CachedSource(kind, size) for kind, size in cached_sizes(pin, cache).items())


def _tasks(pin: Pin) -> Iterator[str]:
    """Yield the tasks of the pin's own model: of a release without the code for one, all but that one."""
    for name, task in VARIANTS:
        if name == pin.model and (pin.home is None or _has_task(pin, task)):
            yield task


def _has_task(pin: Pin, task: str) -> bool:
    """Return whether a ported release has the folder with a task's trainer: 8.0 has none for oriented boxes."""
    try:
        paths = read_manifest(pin)
    except SourceError:
        return True  # the entry is damaged: `apply` says so
    return any(path.startswith(f"{pin.layout.package}/models/yolo/{task}/") for path in paths)


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
