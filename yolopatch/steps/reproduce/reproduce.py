"""`reproduce`: a folder that holds a tutorial's workspace, YAML and script, and says what to expect of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.modules import FLAVORS
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, resolve_repo
from yolopatch.catalog.reproduce.recipes import Recipe, find_recipe, on_pin
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.reproduce.page import page_text
from yolopatch.core.reproduce.reproduction import PAGE, WORKSPACE, Record
from yolopatch.core.reproduce.script import script_text
from yolopatch.errors import ConflictError
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.reproduce.reproduction_folder import open_folder, save_record, update_files
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.environment.environment import find_environment
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.steps.reproduce.reproduction import ReproduceRequest, Reproduction
from yolopatch.steps.workspace.apply import apply
from yolopatch.steps.workspace.change import lock_path
from yolopatch.steps.workspace.patchset import needs_compat

_NOT_YET = "nothing was measured yet"


def reproduce(request: ReproduceRequest, cache: Path) -> Reproduction:
    """Make the folder, or complete the one that is there. Nothing is built yet.

    Args:
        request: what to reproduce.
        cache: the cache folder.

    Raises:
        UsageError: an unknown name.
        ConflictError: the folder holds something else.
        SourceError: no source gave the pin.
    """
    recipe, pin = _chosen(request)
    folder = (request.dest or Path(_folder_name(recipe, request.flavor))).absolute()
    wanted = Record(recipe.tutorial.id, request.flavor, pin.name, request.compat, "", __version__)
    with hold_lock(lock_path(folder, cache)):
        known = open_folder(folder, wanted)
        workspace, notes = _workspace(request, recipe, folder, cache)
        reproduction = Reproduction(
            folder=folder,
            recipe=recipe,
            record=replace(known or wanted, commit=workspace.head.id, yolopatch=__version__),
            workspace=workspace,
            cfg=workspace.path / recipe.cfg,
            script=workspace.path / recipe.script,
            page=folder / PAGE,
            interpreter=find_environment(pin, request.python, cache),
            notes=notes,
        )
        return _written(reproduction)


def _chosen(request: ReproduceRequest) -> tuple[Recipe, Pin]:
    recipe = find_recipe(request.tutorial)
    if request.flavor not in FLAVORS:
        raise unknown("flavor", request.flavor, FLAVORS)
    own = recipe.tutorial.pin
    pin = resolve_repo(request.repo, [own]) if request.repo else PINS[own]
    return on_pin(recipe, pin), pin


def _folder_name(recipe: Recipe, flavor: str) -> str:
    return recipe.tutorial.id if flavor == "tutorial" else f"{recipe.tutorial.id}-{flavor}"


def _workspace(
    request: ReproduceRequest, recipe: Recipe, folder: Path, cache: Path
) -> tuple[Workspace, tuple[str, ...]]:
    """Make the workspace, or read the one that is there, which may have commits and edits of the user's."""
    place = folder / WORKSPACE
    if not place.exists():
        pin = request.repo or recipe.tutorial.pin
        made = apply(pin, [recipe.module], request.flavor, place, request.source, cache, compat=request.compat)
        return read_workspace(place), made.notes
    workspace = read_workspace(place)
    there = {(one.name, one.flavor) for one in workspace.applied}
    mended = request.compat and needs_compat(workspace.pin)
    if there != {(recipe.module, request.flavor)} or (workspace.compat is not None) != mended:
        raise ConflictError(
            f"{place} does not hold {recipe.module} ({request.flavor}) alone",
            details=[f"found: {name} ({flavor})" for name, flavor in sorted(there)]
            + _mend(workspace.compat is not None),
            hint="name another folder with --dest",
        )
    own = [f"{one.id[:12]} {one.subject}" for one in workspace.own_commits]
    mine = [*(f"edited {name}" for name in workspace.edited), *(f"committed {commit}" for commit in own)]
    notes = (f"{place} has changes of yours, which are used: {', '.join(mine)}",) if mine else ()
    return workspace, notes


def _mend(there: bool) -> list[str]:
    return ["found: the compatibility patch"] if there else []


def tutorial_cfg(reproduction: Reproduction) -> Cfg:
    """Return what the post's YAML holds; where upstream has a scales table, all scales."""
    pin, recipe = reproduction.workspace.pin, reproduction.recipe
    scales = "all" if pin.layout.style == "ultralytics" else recipe.scale
    return plan(RenderRequest((recipe.module,), pin.model, scales=scales, flavor=reproduction.record.flavor))[0]


def _written(reproduction: Reproduction) -> Reproduction:
    """Write what is missing; the record comes last."""
    env = load_templates()
    texts = {
        f"{WORKSPACE}/{reproduction.recipe.cfg}": render_text(tutorial_cfg(reproduction), env),
        f"{WORKSPACE}/{reproduction.recipe.script}": script_text(reproduction.recipe, reproduction.workspace.pin, env),
    }
    sums, edited = update_files(reproduction.folder, texts, reproduction.record.files)
    measured = reproduction.measured if reproduction.measured and reproduction.measured.of == reproduction.of else None
    record = replace(reproduction.record, files={**reproduction.record.files, **sums}, measured=measured)
    return write_page(replace(reproduction, record=record, notes=(*reproduction.notes, *edited)), _NOT_YET)


def write_page(reproduction: Reproduction, unmeasured: str) -> Reproduction:
    """Write the page anew, unless it was edited, and the record.

    Args:
        reproduction: the reproduction, whose record knows the sums of its other files.
        unmeasured: what the page says where nothing was measured.
    """
    env = load_templates()
    page = {PAGE: page_text(reproduction.recipe, reproduction.record, reproduction.workspace.origin, unmeasured, env)}
    sums, edited = update_files(reproduction.folder, page, reproduction.record.files)
    record = replace(reproduction.record, files={**reproduction.record.files, **sums})
    save_record(reproduction.folder, record)
    return replace(reproduction, record=record, notes=tuple(dict.fromkeys((*reproduction.notes, *edited))))
