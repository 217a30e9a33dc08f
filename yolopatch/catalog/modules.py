"""The registry of modules, yolopatch's own and the user's, and the ways to find one."""

from __future__ import annotations

import re

from yolopatch.catalog.built_in.attention import ATTENTION
from yolopatch.catalog.built_in.blocks import BLOCKS
from yolopatch.catalog.built_in.convolutions import CONVOLUTIONS
from yolopatch.catalog.built_in.heads import HEADS
from yolopatch.catalog.built_in.joins import JOINS
from yolopatch.catalog.built_in.losses import LOSSES
from yolopatch.catalog.built_in.samplers import SAMPLERS
from yolopatch.catalog.built_in.tutorials import TUTORIALS
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS, Module, Tutorial
from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError

MODULES: dict[str, Module] = {
    module.name: module
    for module in (*TUTORIALS, *CONVOLUTIONS, *ATTENTION, *BLOCKS, *JOINS, *SAMPLERS, *HEADS, *LOSSES)
}


def module_of_class(name: str) -> Module | None:
    """Return the module that has a class of exactly this name, or None."""
    return next((module for module in MODULES.values() if name in module.spellings), None)


def own_source_name(name: str) -> str:
    """Return the stem of the file of a user's own module; no file of upstream has such a name."""
    return f"own_{name.casefold()}"


def own_stems(module: Module) -> frozenset[str]:
    """Return the stems of all files that a user's own module adds to an upstream."""
    suffix = "loss" if module.kind == LOSS else "layers"
    around = (f"{module.source}_{suffix}",) if module.is_written_around else ()
    return frozenset({module.source, *around})


def is_own(name: str) -> bool:
    """Tell whether the module of this name is a user's own: of this catalog, or of another one."""
    return name not in MODULES or MODULES[name].home is not None


def names_of(module: Module) -> tuple[str, ...]:
    """Return every name by which commands find a module: its own name and the names of its classes."""
    return tuple(module.spellings)


def lookup_module(name: str) -> Module | None:
    """Return the module with this name, or with a class of this name; None if there is none."""
    wanted = fold(name)
    return next((module for module in MODULES.values() if wanted in map(fold, module.spellings)), None)


def find_module(name: str) -> Module:
    """Return the module with this name, or with a class of this name.

    Raises:
        UsageError: the name is unknown, or several names in one; the hint has the next command.
    """
    module = lookup_module(name)
    if module is None:
        raise _unknown_module(name)
    return module


def _unknown_module(name: str) -> UsageError:
    parts = [part for part in re.split(r"[\s,;+]+", name) if part]
    if len(parts) > 1:
        options = " ".join(f"--module {part}" for part in parts)
        return UsageError(f"--module {name}: one name is needed", hint=f"repeat the option: {options}")
    error = unknown("module", name, MODULES, "yolopatch list modules")
    if not name:
        return error
    link = " " if error.hint.endswith("?") else "; "
    adding = "a module of another paper comes from a file: yolopatch add FILE.py"
    return UsageError(error.what, details=error.details, hint=f"{error.hint}{link}{adding}")


def flavor_word(name: str, flavor: str) -> str:
    """Return the word for a module's flavor: a module of the user's own is `yours`."""
    return flavor if not is_own(name) else "yours, assigner" if flavor == ASSIGNER_FLAVOR else "yours"


def find_tutorial(name: str) -> Tutorial | None:
    """Return the tutorial with this id, or None."""
    tutorials = (module.tutorial for module in MODULES.values() if module.tutorial)
    return next((tutorial for tutorial in tutorials if fold(tutorial.id) == fold(name)), None)


def require_flavor(module: Module, flavor: str) -> None:
    """Refuse an unknown flavor, or a flavor that the module does not have.

    Raises:
        UsageError: the known flavors are in the details.
    """
    if flavor not in (*FLAVORS, ASSIGNER_FLAVOR):
        raise unknown("flavor", flavor, FLAVORS)
    if flavor == ASSIGNER_FLAVOR and flavor not in module.flavors:
        raise _no_assigner(module)
    if flavor not in module.flavors:
        whose = "is a module of your own" if module.home else "comes from a paper alone"
        raise UsageError(f"{module.name} {whose}: it has no flavor {flavor}", hint="leave out --flavor")


def _no_assigner(module: Module) -> UsageError:
    """Return the error for a module by which no boxes can be assigned."""
    if module.kind != LOSS:
        return UsageError(f"--assigner: {module.name} is no loss", hint="leave out --assigner")
    return UsageError(
        f"--assigner: boxes cannot be assigned by {module.name}",
        details=["expected: a loss that needs nothing but boxes, and keeps no state"],
        hint="leave out --assigner: the assigner stays upstream's",
    )
