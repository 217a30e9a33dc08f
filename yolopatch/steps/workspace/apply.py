"""`apply`: add modules and the compatibility patch to a pin, in a new workspace or an existing one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.modules import FLAVORS, Module, find_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin, find_pin, find_upstream, resolve_repo
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import pristine
from yolopatch.outside.workspace import switch
from yolopatch.outside.workspace.build import build_workspace
from yolopatch.outside.workspace.workspace import as_destination, is_occupied, read_workspace
from yolopatch.steps.workspace.change import (
    WorkspaceState,
    lock_path,
    open_workspace,
    set_patches,
    workspace_path,
    workspace_state,
)
from yolopatch.steps.workspace.patchset import Choice, applied_choices, load_patchset, needs_compat


def apply(
    repo: str,
    modules: Sequence[str],
    flavor: str,
    dest: Path | None,
    source: str,
    cache: Path,
    compat: bool = False,
) -> WorkspaceState:
    """Add modules to the workspace at `dest`; make the workspace if `dest` does not exist.

    Args:
        repo: an upstream or a pin.
        modules: names of modules or of their classes.
        flavor: `paper` or `tutorial`, for all of them.
        dest: the workspace; None for a folder with the pin's name in the current folder.
        source: `auto`, `git`, `pypi` or a path; used only for a new workspace.
        cache: the cache folder.
        compat: also add the compatibility patch, if the pin needs one.

    Raises:
        UsageError: an unknown name, or nothing to add.
        SourceError: no source has the pin's content.
        PatchError: a patch is damaged.
        ConflictError: the user's own changes or files are in the way.
        YolopatchError: a module is not available for the pin, or the workspace has it in another flavor.
    """
    if not modules and not compat:
        raise UsageError("nothing to apply", hint="name a module with --module, or give --compat, or both")
    if flavor not in FLAVORS:
        raise unknown("flavor", flavor, FLAVORS)
    found = [find_module(name) for name in modules]
    for module in found:
        require_flavor(module, flavor)
    with as_destination():
        return _apply(repo, found, flavor, dest, source, cache, compat)


def _apply(
    repo: str, found: Sequence[Module], flavor: str, dest: Path | None, source: str, cache: Path, compat: bool
) -> WorkspaceState:
    pin = _resolve(repo, [module.tutorial.pin for module in found if module.tutorial], dest)
    place = workspace_path(dest, pin)
    choices = [Choice(module.name, flavor) for module in found]
    with_compat = compat and needs_compat(pin)
    with hold_lock(lock_path(place, cache)):
        if is_occupied(place):
            state = _add(place, pin, choices, with_compat)
        else:
            state = _create(place, pin, choices, with_compat, source, cache)
    unneeded = [f"{pin.name} needs no compatibility patch"] if compat and not with_compat else []
    return replace(state, notes=(*state.notes, *unneeded))


def _resolve(repo: str, tutorial_pins: list[str], dest: Path | None) -> Pin:
    upstream = find_upstream(repo)
    if upstream and not find_pin(repo) and dest and (dest / ".git").is_dir():
        pin = read_workspace(dest.absolute()).pin
        if pin.upstream == upstream:
            return pin  # an upstream without a version means the version of the workspace
    return resolve_repo(repo, tutorial_pins)


def _create(place: Path, pin: Pin, choices: list[Choice], compat: bool, source: str, cache: Path) -> WorkspaceState:
    with pristine(pin, source, cache) as found:
        root = snapshot.read_root(found.repository)
        read = snapshot.pristine_reader(found.repository, root.blobs)
        patchset = load_patchset(pin, set(choices), compat, read)
        steps = patchset.steps(read, root, found.source)
        leftover = build_workspace(place, found.repository, steps)
    notes = [switch.LEFTOVERS] if leftover else []
    made = workspace_state(read_workspace(place), patchset, changed=True, notes=(*notes, *found.notes))
    return replace(made, created=True)


def _add(place: Path, pin: Pin, choices: list[Choice], compat: bool) -> WorkspaceState:
    workspace, note = open_workspace(place)
    if workspace.pin != pin:
        raise ConflictError(
            f"{place} is a workspace of {workspace.pin.name}, not of {pin.name}; nothing was changed",
            hint="name another folder with --dest",
        )
    flavors = {applied.name: applied.flavor for applied in workspace.applied}
    for choice in choices:
        if flavors.get(choice.name, choice.flavor) != choice.flavor:
            raise YolopatchError(
                f"{place} has {choice.name} in the flavor {flavors[choice.name]}",
                details=["a workspace can have only one flavor of a module"],
                hint=f"yolopatch remove --module {choice.name} {shlex.quote(str(place))}",
            )
    wanted = {*applied_choices(workspace.applied), *choices}
    return set_patches(workspace, wanted, compat or workspace.compat is not None, note)
