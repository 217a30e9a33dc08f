"""`apply`: put modules and mends on a pin, as a new workspace or into one that is there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.modules import FLAVORS, find_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin, find_pin, find_upstream, resolve_repo
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.files.lock import hold
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import pristine
from yolopatch.outside.workspace import switch
from yolopatch.outside.workspace.build import build_new
from yolopatch.outside.workspace.workspace import is_occupied, read_workspace
from yolopatch.steps.workspace.change import (
    WorkspaceState,
    lock_path,
    open_workspace,
    set_patches,
    workspace_path,
    workspace_state,
)
from yolopatch.steps.workspace.patchset import Choice, load_patchset, needs_compat


def apply(
    repo: str,
    modules: Sequence[str],
    flavor: str,
    dest: Path | None,
    source: str,
    cache: Path,
    compat: bool = False,
) -> WorkspaceState:
    """Add modules to the workspace at `dest`, which is made if nothing is there.

    Args:
        repo: an upstream or a pin.
        modules: names of modules or of their classes.
        flavor: `paper` or `tutorial`, for all of them.
        dest: the workspace; default is a folder with the pin's name here.
        source: `auto`, `git`, `pypi` or a path; only a new workspace is made from it.
        cache: the cache folder.
        compat: add the compatibility patch, too, if the pin needs one.

    Raises:
        UsageError: an unknown name, or nothing to add.
        SourceError: no source gave the pin.
        PatchError: a patch is damaged.
        ConflictError: the user's own work is in the way.
        YolopatchError: a module is not available for the pin, or is there in another flavor.
    """
    if not modules and not compat:
        raise UsageError("there is nothing to apply", hint="name a module with --module, or give --compat, or both")
    if flavor not in FLAVORS:
        raise unknown("flavor", flavor, FLAVORS)
    found = [find_module(name) for name in modules]
    for module in found:
        require_flavor(module, flavor)
    pin = _resolve(repo, [module.tutorial.pin for module in found if module.tutorial], dest)
    place = workspace_path(dest, pin)
    choices = [Choice(module.name, flavor) for module in found]
    mend = compat and needs_compat(pin)
    with hold(lock_path(place, cache)):
        state = (
            _add(place, pin, choices, mend) if is_occupied(place) else _create(place, pin, choices, mend, source, cache)
        )
    unneeded = [f"{pin.name} needs no compatibility patch"] if compat and not mend else []
    return replace(state, notes=(*state.notes, *unneeded))


def _resolve(repo: str, tutorial_pins: list[str], dest: Path | None) -> Pin:
    upstream = find_upstream(repo)
    if upstream and not find_pin(repo) and dest and (dest / ".git").is_dir():
        there = read_workspace(dest.absolute()).pin
        if there.upstream == upstream:
            return there  # a bare upstream means the version that the workspace has
    return resolve_repo(repo, tutorial_pins)


def _create(place: Path, pin: Pin, choices: list[Choice], compat: bool, source: str, cache: Path) -> WorkspaceState:
    with pristine(pin, source, cache) as found:
        root = snapshot.read_root(found.repository)
        read = snapshot.pristine_reader(found.repository, root.blobs)
        patchset = load_patchset(pin, set(choices), compat, read)
        steps = patchset.steps(read, root, found.source)
        leftover = build_new(place, found.repository, steps)
    notes = [switch.LEFTOVERS] if leftover else []
    return workspace_state(read_workspace(place), patchset, changed=True, notes=(*notes, *found.notes))


def _add(place: Path, pin: Pin, choices: list[Choice], compat: bool) -> WorkspaceState:
    workspace, note = open_workspace(place)
    if workspace.pin != pin:
        raise ConflictError(
            f"{place} is a workspace of {workspace.pin.name}, not of {pin.name}; nothing was changed",
            hint="name another folder with --dest",
        )
    there = {applied.name: applied.flavor for applied in workspace.applied}
    for choice in choices:
        if there.get(choice.name, choice.flavor) != choice.flavor:
            raise YolopatchError(
                f"{place} has {choice.name} in the flavor {there[choice.name]}",
                details=["a workspace holds one flavor of a module"],
                hint=f"yolopatch remove --module {choice.name} {shlex.quote(str(place))}",
            )
    wanted = {Choice(name, have) for name, have in there.items()} | set(choices)
    return set_patches(workspace, wanted, compat or workspace.compat is not None, note)
