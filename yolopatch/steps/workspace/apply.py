"""`apply`: add modules and fix patches to a pin, in a new workspace or an existing one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, in_order, options_of
from yolopatch.catalog.kinds import LOSS
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS
from yolopatch.catalog.modules import find_module, lookup_module, require_flavor
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin, find_pin, find_upstream, resolve_repo
from yolopatch.errors import UsageError
from yolopatch.outside.files.staging import LEFTOVERS
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.store import pristine
from yolopatch.outside.workspace.build import build_workspace
from yolopatch.outside.workspace.workspace import as_destination, find_workspace, is_occupied, read_workspace
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import load_patchset, needed
from yolopatch.steps.workspace.request import Request, Wanted, nothing_asked
from yolopatch.steps.workspace.state import WorkspaceState, workspace_path, workspace_state


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
    state = _create(place, wanted, source, cache) or _extend(place, wanted)
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
) -> tuple[Path, Wanted]:
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
    return place, Wanted(pin, choices, needed(pin, fix_patches), update, request)


def _choose(name: str, flavor: str, place: Path, update: bool, assigner: bool) -> Choice:
    """Return the module of this name: of the catalog, or one that only the workspace has."""
    held = None if lookup_module(name) else _held(name, place, update)
    if held:
        return held
    module = find_module(name)
    flavor = ASSIGNER_FLAVOR if assigner and module.kind == LOSS else flavor
    require_flavor(module, flavor)
    return Choice(module.name, flavor)


def _held(name: str, place: Path, update: bool) -> Choice | None:
    """Return the module of this name that only the workspace has; None without one."""
    from yolopatch.steps.workspace.held import find_held, not_in_catalog  # imported late: a new workspace has none

    workspace = find_workspace(place)
    held = find_held(workspace, name) if workspace else None
    if workspace and held and update:
        raise not_in_catalog(workspace, held)
    return Choice(held.name, held.flavor) if held else None


def _resolve(repo: str, tutorial_pins: list[str], dest: Path | None) -> Pin:
    upstream = find_upstream(repo)
    if upstream and not find_pin(repo) and dest and (dest / ".git").is_dir():
        pin = read_workspace(dest.absolute()).pin
        if pin.upstream == upstream:
            return pin  # an upstream without a version means the version of the workspace
    return resolve_repo(repo, tutorial_pins)


def _create(place: Path, wanted: Wanted, source: str, cache: Path) -> WorkspaceState | None:
    """Make a workspace; None where there is something, of another process that was first, too."""
    if is_occupied(place):
        return None
    with pristine(wanted.pin, source, cache) as found:
        read = snapshot.pristine_reader(found.repository, found.blobs)
        patchset = load_patchset(wanted.pin, set(wanted.choices), wanted.fix_patches, read)
        built = build_workspace(place, found, patchset.steps(read, found.root, found.source))
    if built is None:
        return None
    notes = [LEFTOVERS] if built.had_leftovers else []
    made = workspace_state(built.workspace, patchset, changed=True, notes=(*notes, *found.notes))
    return replace(made, created=True)


def _extend(place: Path, wanted: Wanted) -> WorkspaceState:
    from yolopatch.steps.workspace.extend import extend  # imported late: a new workspace needs none of it

    return extend(place, wanted)
