"""`apply`: add modules and fix patches to a pin, in a new workspace or an existing one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, in_order, options_of
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS
from yolopatch.catalog.modules import find_module, lookup_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin, find_pin, find_upstream, resolve_repo
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import pristine
from yolopatch.outside.workspace import switch
from yolopatch.outside.workspace.build import build_workspace
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import (
    Workspace,
    as_destination,
    find_workspace,
    is_occupied,
    read_workspace,
)
from yolopatch.steps.workspace.change import (
    WorkspaceState,
    nothing_asked,
    open_workspace,
    set_patches,
    workspace_path,
    workspace_state,
)
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.held import Held, find_held, is_loss, not_in_catalog, read_held, update_command
from yolopatch.steps.workspace.own_commits import Request
from yolopatch.steps.workspace.patchset import load_patchset, needed
from yolopatch.wire import shell


@as_destination()
def apply(
    repo: str,
    modules: Sequence[str],
    flavor: str,
    dest: Path | None,
    source: str,
    cache: Path,
    fix_patches: Collection[FixPatch] = (),
    update: bool = False,
    into: str | None = None,
    assigner: bool = False,
) -> WorkspaceState:
    """Add modules to the workspace at `dest`; make the workspace if `dest` does not exist.

    Args:
        repo: an upstream or a pin.
        modules: names of modules or of their classes.
        flavor: `paper` or `tutorial`, for all of them.
        dest: the workspace; None for a folder with the pin's name in the current folder.
        source: `auto`, `git`, `pypi` or a path; used only for a new workspace.
        cache: the cache folder.
        fix_patches: also add these, where the pin needs them.
        update: take the user's own modules among them from the catalog, also if the workspace has another text.
        into: a new branch that gets the result, in place of the workspace's own; None for the workspace's own.
        assigner: whether boxes are assigned by the loss among them, too.

    Raises:
        UsageError: an unknown name, or nothing to add, or `into` without a workspace.
        SourceError: no source has the pin's content.
        PatchError: a patch is damaged.
        ConflictError: the user's own changes or files are in the way, or the workspace has another text of a user's own
            module.
        YolopatchError: a module is not available for the pin, or the workspace has it in another flavor.
    """
    if not (modules or fix_patches):
        raise nothing_asked("apply")
    place, wanted = _plan(repo, modules, flavor, dest, fix_patches, update, into, assigner)
    if into is not None and not is_occupied(place):
        raise UsageError(
            f"there is no workspace at {place}, and --into is for one that exists", hint="leave --into out"
        )
    state = _create(place, wanted, source, cache) or _add(place, wanted)
    unneeded = (patch for patch in in_order(fix_patches) if patch not in wanted.fix_patches)
    told = (f"{wanted.pin.name} needs no {patch.title}: {patch.needless}" for patch in unneeded)
    return replace(state, notes=(*state.notes, *told))


@as_destination()
def make_workspace(
    repo: str,
    modules: Sequence[str],
    flavor: str,
    dest: Path,
    source: str,
    cache: Path,
    fix_patches: Collection[FixPatch],
) -> WorkspaceState | None:
    """Make a workspace as `apply` does, also one without any module; None where there is something already."""
    place, wanted = _plan(repo, modules, flavor, dest, fix_patches)
    return _create(place, wanted, source, cache)


@dataclass(frozen=True)
class _Wanted:
    """What is to be added to a pin, and by which command; for `update`, see `apply`."""

    pin: Pin
    choices: Sequence[Choice]
    fix_patches: Collection[FixPatch]
    update: bool
    request: Request


def _words(
    pin: Pin,
    choices: Sequence[Choice],
    flavor: str,
    fix_patches: Collection[FixPatch],
    flags: Sequence[str],
    place: Path,
) -> tuple[str, ...]:
    """Return the command as it can be typed again, in any folder."""
    modules = [word for choice in choices for word in ("--module", choice.name)]
    flavors = ["--flavor", flavor] if flavor not in (FLAVORS[0], ASSIGNER_FLAVOR) and modules else []
    options = (*options_of(fix_patches), *flags)
    return ("yolopatch", "apply", "--repo", pin.name, *modules, *flavors, *options, "--dest", str(place))


def _plan(
    repo: str,
    modules: Sequence[str],
    flavor: str,
    dest: Path | None,
    fix_patches: Collection[FixPatch],
    update: bool = False,
    into: str | None = None,
    assigner: bool = False,
) -> tuple[Path, _Wanted]:
    if flavor not in (*FLAVORS, ASSIGNER_FLAVOR):
        raise unknown("flavor", flavor, FLAVORS)
    known = [module for module in map(lookup_module, modules) if module]
    pin = _resolve(repo, [module.tutorial.pin for module in known if module.tutorial], dest)
    place = workspace_path(dest, pin)
    if assigner and not any(module.kind == LOSS for module in known):
        raise UsageError("--assigner is for a loss, and none is named", hint="e.g. --module NWD --assigner")
    choices = [_choose(name, flavor, place, update, assigner) for name in modules]
    flags = ["--update"] * update + ["--assigner"] * (assigner or flavor == ASSIGNER_FLAVOR)
    request = Request(_words(pin, choices, flavor, fix_patches, flags, place), into)
    return place, _Wanted(pin, choices, needed(pin, fix_patches), update, request)


def _choose(name: str, flavor: str, place: Path, update: bool, assigner: bool) -> Choice:
    """Return the module of this name: of the catalog, or one that only the workspace has."""
    workspace = None if lookup_module(name) else find_workspace(place)
    held = find_held(workspace, name) if workspace else None
    if workspace and held and update:
        raise not_in_catalog(workspace, held)
    if held:
        return Choice(held.name, held.flavor)
    module = find_module(name)
    flavor = ASSIGNER_FLAVOR if assigner and module.kind == LOSS else flavor
    require_flavor(module, flavor)
    return Choice(module.name, flavor)


def _resolve(repo: str, tutorial_pins: list[str], dest: Path | None) -> Pin:
    upstream = find_upstream(repo)
    if upstream and not find_pin(repo) and dest and (dest / ".git").is_dir():
        pin = read_workspace(dest.absolute()).pin
        if pin.upstream == upstream:
            return pin  # an upstream without a version means the version of the workspace
    return resolve_repo(repo, tutorial_pins)


def _create(place: Path, wanted: _Wanted, source: str, cache: Path) -> WorkspaceState | None:
    """Make a workspace; None where there is something, of another process that was first, too."""
    if is_occupied(place):
        return None
    with pristine(wanted.pin, source, cache) as found:
        read = snapshot.pristine_reader(found.repository, found.blobs)
        patchset = load_patchset(wanted.pin, set(wanted.choices), wanted.fix_patches, read)
        built = build_workspace(place, found, patchset.steps(read, found.root, found.source))
    if built is None:
        return None
    notes = [switch.LEFTOVERS] if built.had_leftovers else []
    made = workspace_state(built.workspace, patchset, changed=True, notes=(*notes, *found.notes))
    return replace(made, created=True)


def _add(place: Path, wanted: _Wanted) -> WorkspaceState:
    with hold_workspace(place):
        return _add_to(place, wanted)


def _add_to(place: Path, wanted: _Wanted) -> WorkspaceState:
    workspace, note = open_workspace(place, any_branch=wanted.request.into is not None)
    if workspace.pin != wanted.pin:
        raise ConflictError(
            f"{place} is a workspace of {workspace.pin.name}, not of {wanted.pin.name}; nothing was changed",
            hint="name another folder with --dest",
        )
    _require_flavors(workspace, wanted.choices)
    _require_one_loss(workspace, wanted.choices)
    named = {choice.name for choice in wanted.choices}
    have = {applied.name for applied in workspace.applied}
    held = read_held(workspace, have - named if wanted.update else have)
    _require_same(workspace, held, named)
    choices = {*applied_choices(workspace.applied), *wanted.choices}
    fix_patches = {*workspace.fix_patches, *wanted.fix_patches}
    return set_patches(workspace, choices, fix_patches, held, wanted.request, note)


def _require_flavors(workspace: Workspace, choices: Sequence[Choice]) -> None:
    flavors = {applied.name: applied.flavor for applied in workspace.applied}
    for choice in choices:
        if flavors.get(choice.name, choice.flavor) != choice.flavor:
            raise YolopatchError(
                f"{workspace.path} has {choice.name} in the flavor {flavors[choice.name]}",
                details=["a workspace can have only one flavor of a module"],
                hint=f"yolopatch remove --module {choice.name} {shell.quote(workspace.path)}",
            )


def _require_one_loss(workspace: Workspace, choices: Sequence[Choice]) -> None:
    """Refuse a second loss: of two in the place of the same overlap, one would never run."""
    losses = [applied.name for applied in workspace.applied if is_loss(workspace, applied.name)]
    new = [choice.name for choice in choices if choice.name not in losses and is_loss(workspace, choice.name)]
    if losses and new:
        raise YolopatchError(
            f"{workspace.path} has the box loss {losses[0]} already; {new[0]} would take the same place",
            hint=f"remove it before: yolopatch remove --module {losses[0]} {shell.quote(workspace.path)}",
        )


def _require_same(workspace: Workspace, held: Held, named: Collection[str]) -> None:
    """Refuse to add a module of which the workspace has another text than the catalog."""
    for name in sorted(held.differing.keys() & named):
        raise ConflictError(
            f"{workspace.path} has your own module {name} already, and {held.differing[name]}; nothing was changed",
            hint=f"take the catalog's: {update_command(workspace, name)}; or leave --module {name} out to keep it",
        )
