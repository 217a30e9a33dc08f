"""Keep the rebuilt models of a fork as a module of the user's own catalog, and make workspaces with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.kinds import FORK
from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES, lookup_module
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.edits import Edit
from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.keeping import goes_on_from
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.own.own_catalog import load_own_catalog, write_fork
from yolopatch.outside.source.releases import Release
from yolopatch.steps.port.port import save_base
from yolopatch.steps.workspace.apply import apply
from yolopatch.steps.workspace.state import WorkspaceState


@dataclass(frozen=True)
class Kept:
    """A fork in the user's own catalog.

    Attributes:
        pin: the release that it was rebuilt on.
        module: the module with its models.
        patch: the text of its patch for the pin.
    """

    pin: Pin
    module: Module
    patch: str


def keep(rebuilt: Rebuilt, release: Release, paper: str, catalog: Path, cache: Path) -> Kept:
    """Save a rebuilt fork in the user's catalog, with the pin of its release if that is none yet.

    Args:
        rebuilt: the fork's models on the release.
        release: the release.
        paper: one line that says where the fork comes from.
        catalog: the user's own catalog.
        cache: the cache folder.

    Raises:
        UsageError: another module has the name, or nothing of the fork was rebuilt.
        YolopatchError: the release cannot be a pin, or the catalog cannot be written.
    """
    load_own_catalog(catalog)
    module = replace(module_of(rebuilt, paper), home=catalog)
    _require_free(module)
    had_pin = release.name in PINS
    try:
        pin = save_base(release, catalog, cache)
        patch = patch_of(rebuilt, pin, release, paper)
        write_fork(module, catalog, {pin.name: patch.encode()})
    except OSError as error:
        has_changed = release.name in PINS and not had_pin
        raise YolopatchError(
            f"cannot write to your own catalog {catalog}: {error.strerror}"
            + ("" if has_changed else "; nothing was changed"),
            details=[goes_on_from(catalog)] if has_changed else [],
            hint=advice(number_of(error), catalog, "name another folder with --catalog"),
        ) from error
    load_own_catalog(catalog)
    return Kept(pin, MODULES[module.name], patch)


def make(kept: Kept, dest: Path | None, cache: Path) -> WorkspaceState:
    """Make a workspace of the pin with the fork's module, as `apply` does; arguments and errors as there."""
    return apply(kept.pin.name, [kept.module.name], kept.module.flavors[0], dest, "auto", cache)


def module_of(rebuilt: Rebuilt, paper: str) -> Module:
    """Return the entry of a rebuilt fork.

    Raises:
        UsageError: none of its models was rebuilt.
    """
    if not any(model.text for model in rebuilt.models):
        raise UsageError(
            f"no model of {rebuilt.name} was rebuilt: there is nothing to save",
            details=[f"{model.cfg}: {reason}" for model in rebuilt.models for reason in model.lacking],
            hint="choose another YAML of it with --cfg",
        )
    names = tuple(one.made for one in rebuilt.made)
    return Module(
        name=rebuilt.name,
        source=f"fork_{rebuilt.name.casefold()}",
        bare=names[0] if names else rebuilt.name,
        conv="",
        paper=paper,
        tutorial=None,
        call=f"{names[0] if names else rebuilt.name}()",
        helpers=names[1:],
        kind=FORK,
        packages=tuple(name for name in rebuilt.packages if name.isidentifier()),
    )


def patch_of(rebuilt: Rebuilt, pin: Pin, release: Release, paper: str) -> str:
    """Return the text of the patch that adds a rebuilt fork to a pin."""
    edited = {change.path for change in rebuilt.changes if isinstance(change, Edit)}
    originals = {path: release.files[path].decode() for path in edited}
    return write_own_patch(pin, rebuilt.name, paper, rebuilt.changes, originals)


def _require_free(module: Module) -> None:
    names = (module.name, *module.classes)
    taken = next((found for name in names if (found := lookup_module(name)) and found.name != module.name), None)
    old = MODULES.get(module.name)
    if taken is None and (old is None or (old.kind == FORK and fold(old.paper) == fold(module.paper))):
        return
    holder = taken or old
    assert holder is not None
    raise UsageError(
        f"the name {module.name} is taken by another module of your catalog or of yolopatch: {holder.name}",
        details=[f"it comes from: {holder.paper}"],
        hint=f"yolopatch forget {holder.name}" if holder.home else "name it otherwise: --name",
    )
