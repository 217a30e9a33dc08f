"""`reproduce`: make a folder with a tutorial's workspace, YAML and script, and a page with the expected results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.environment.fix_patches import COMPAT, SEEDS, FixPatch, options_of
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, resolve_repo
from yolopatch.catalog.reproduce.recipes import Recipe, find_recipe, on_pin
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.reproduce.page import page_text
from yolopatch.core.reproduce.reproduction import PAGE, WORKSPACE, Record
from yolopatch.core.training.script import script_text, tutorial_script
from yolopatch.errors import ConflictError
from yolopatch.outside.files.keeping import keeping
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.reproduce.reproduction_folder import open_folder, save_record, update_files
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import Workspace, as_destination
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.model.render_request import RenderRequest, plan
from yolopatch.steps.reproduce.reproduction import ReproduceRequest, Reproduction
from yolopatch.steps.workspace.apply import make_workspace
from yolopatch.steps.workspace.change import read_finished
from yolopatch.steps.workspace.patchset import needed
from yolopatch.wire import shell

_NOT_YET = "nothing was measured yet"


@as_destination()
def reproduce(request: ReproduceRequest, cache: Path) -> Reproduction:
    """Make the folder, or complete an existing one. No model is built yet.

    Args:
        request: the tutorial and the options.
        cache: the cache folder.

    Raises:
        UsageError: an unknown name.
        ConflictError: the folder has other content.
        SourceError: no source has the pin's content.
        YolopatchError: a file cannot be written; what was made is kept, and the error says so.
    """
    recipe, pin = _choose(request)
    folder = (request.dest or Path(_folder_name(recipe, request.flavor))).absolute()
    wanted = _wanted(request, recipe, pin)
    place = folder / WORKSPACE
    interpreter = choose_interpreter(pin, request.python, cache)
    open_folder(folder, wanted)  # before anything is written
    repo = request.repo or recipe.tutorial.pin
    made = make_workspace(repo, [recipe.module], request.flavor, place, request.source, cache, request.fix_patches)
    with keeping(folder), hold_workspace(place):
        known = open_folder(folder, wanted)
        workspace, notes = _open_workspace(request, recipe, place)
        reproduction = Reproduction(
            asked=request,
            folder=folder,
            recipe=recipe,
            record=replace(known or wanted, commit=workspace.head.id, yolopatch=__version__),
            workspace=workspace,
            cfg=workspace.path / recipe.cfg,
            script=workspace.path / recipe.script,
            page=folder / PAGE,
            interpreter=interpreter,
            notes=(*(made.notes if made else ()), *notes),
        )
        return _write_files(reproduction)


def _choose(request: ReproduceRequest) -> tuple[Recipe, Pin]:
    recipe = find_recipe(request.tutorial)
    if request.flavor not in FLAVORS:
        raise unknown("flavor", request.flavor, FLAVORS)
    own = recipe.tutorial.pin
    pin = resolve_repo(request.repo, [own]) if request.repo else PINS[own]
    return on_pin(recipe, pin), pin


def _wanted(request: ReproduceRequest, recipe: Recipe, pin: Pin) -> Record:
    """Return the record of a folder in which nothing was made yet."""
    asked = request.fix_patches
    return Record(
        tutorial=recipe.tutorial.id,
        flavor=request.flavor,
        pin=pin.name,
        compat=COMPAT in asked,
        seeds=SEEDS in asked,
        commit="",
        yolopatch=__version__,
    )


def _folder_name(recipe: Recipe, flavor: str) -> str:
    return recipe.tutorial.id if flavor == "tutorial" else f"{recipe.tutorial.id}-{flavor}"


def _open_workspace(request: ReproduceRequest, recipe: Recipe, place: Path) -> tuple[Workspace, tuple[str, ...]]:
    """Read the workspace, which may have the user's commits and edits; with notes for the user."""
    workspace, finished = read_finished(place)
    _require_patches(request, recipe, workspace)
    own = [f"{one.id[:12]} {one.subject}" for one in workspace.own_commits]
    mine = [*(f"edited {name}" for name in workspace.edited), *(f"committed {commit}" for commit in own)]
    notes = (f"{place} has your own changes, and the run uses them: {', '.join(mine)}",) if mine else ()
    return workspace, (*finished, *notes)


def _require_patches(request: ReproduceRequest, recipe: Recipe, workspace: Workspace) -> None:
    """Refuse a workspace to which the user has added something since, or from which something was removed."""
    wanted = {(recipe.module, request.flavor)}
    applied = {(one.name, one.flavor) for one in workspace.applied}
    fixes, found = needed(workspace.pin, request.fix_patches), tuple(workspace.fix_patches)
    if (applied, found) == (wanted, fixes):
        return
    hint = "name another folder with --dest"
    raise ConflictError(
        f"{workspace.path} has other patches than the tutorial's",
        details=[f"expected: {_patches(wanted, fixes)}", f"found:    {_patches(applied, found)}"],
        hint=hint if applied != wanted else f"{_back(workspace, fixes)}; or {hint}",
    )


def _back(workspace: Workspace, wanted: Collection[FixPatch]) -> str:
    """Return the commands that give a workspace exactly these fix patches."""
    more = [patch for patch in workspace.fix_patches if patch not in wanted]
    less = [patch for patch in wanted if patch not in workspace.fix_patches]
    place = str(workspace.path)
    remove = shell.join(["yolopatch", "remove", *options_of(more), place])
    add = shell.join(["yolopatch", "apply", "--repo", workspace.pin.name, *options_of(less), "--dest", place])
    return shell.in_turn(*[remove] * bool(more), *[add] * bool(less))


def _patches(modules: Collection[tuple[str, str]], fix_patches: Collection[FixPatch]) -> str:
    names = [f"{name} ({flavor})" for name, flavor in sorted(modules)] + [patch.what for patch in fix_patches]
    return ", ".join(names) or "no patch"


def tutorial_cfg(reproduction: Reproduction) -> Cfg:
    """Return the model of the post's YAML: at all scales where upstream has a scales table, else at the post's."""
    pin, recipe = reproduction.workspace.pin, reproduction.recipe
    scales = "all" if pin.layout.style == "ultralytics" else recipe.scale
    return plan(RenderRequest((recipe.module,), pin.model, scales=scales, flavor=reproduction.record.flavor))[0]


def _write_files(reproduction: Reproduction) -> Reproduction:
    """Write the missing files, the record last."""
    env = load_templates()
    texts = {
        f"{WORKSPACE}/{reproduction.recipe.cfg}": render_text(tutorial_cfg(reproduction), env),
        f"{WORKSPACE}/{reproduction.recipe.script}": script_text(
            tutorial_script(reproduction.recipe), reproduction.workspace.pin, env
        ),
    }
    sums, edited = update_files(reproduction.folder, texts, reproduction.record.files)
    measured = reproduction.measured if reproduction.measured and reproduction.measured.of == reproduction.of else None
    record = replace(reproduction.record, files={**reproduction.record.files, **sums}, measured=measured)
    return write_page(replace(reproduction, record=record, notes=(*reproduction.notes, *edited)), _NOT_YET)


def write_page(reproduction: Reproduction, unmeasured: str) -> Reproduction:
    """Write the page, unless the user edited it, and the record.

    Args:
        reproduction: its record has the sums of its other files.
        unmeasured: the reason for missing figures, for the page.
    """
    env = load_templates()
    page = {PAGE: page_text(reproduction.recipe, reproduction.record, reproduction.workspace.origin, unmeasured, env)}
    # first: if this is killed, a page without a record would be taken for a file of the user's
    save_record(reproduction.folder, reproduction.record)
    sums, edited = update_files(reproduction.folder, page, reproduction.record.files)
    record = replace(reproduction.record, files={**reproduction.record.files, **sums})
    save_record(reproduction.folder, record)
    return replace(reproduction, record=record, notes=tuple(dict.fromkeys((*reproduction.notes, *edited))))
