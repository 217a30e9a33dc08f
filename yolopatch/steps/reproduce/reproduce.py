"""`reproduce`: make a folder with a tutorial's workspace, YAML and script, and a page with the expected results."""

from __future__ import annotations

from collections.abc import Iterable
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
from yolopatch.steps.workspace.patchset import needs_compat

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
    wanted = Record(recipe.tutorial.id, request.flavor, pin.name, request.compat, "", __version__)
    place = folder / WORKSPACE
    interpreter = choose_interpreter(pin, request.python, cache)
    open_folder(folder, wanted)  # before anything is written
    repo = request.repo or recipe.tutorial.pin
    made = make_workspace(repo, [recipe.module], request.flavor, place, request.source, cache, request.compat)
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


def _folder_name(recipe: Recipe, flavor: str) -> str:
    return recipe.tutorial.id if flavor == "tutorial" else f"{recipe.tutorial.id}-{flavor}"


def _open_workspace(request: ReproduceRequest, recipe: Recipe, place: Path) -> tuple[Workspace, tuple[str, ...]]:
    """Read the workspace, which may have the user's commits and edits; with notes for the user."""
    workspace, finished = read_finished(place)
    applied = {(one.name, one.flavor) for one in workspace.applied}
    with_compat = request.compat and needs_compat(workspace.pin)
    if applied != {(recipe.module, request.flavor)} or (workspace.compat is not None) != with_compat:
        raise ConflictError(
            f"{place} has other patches than the tutorial's",
            details=[
                f"expected: {_patches([(recipe.module, request.flavor)], with_compat)}",
                f"found:    {_patches(sorted(applied), workspace.compat is not None)}",
            ],
            hint="name another folder with --dest",
        )
    own = [f"{one.id[:12]} {one.subject}" for one in workspace.own_commits]
    mine = [*(f"edited {name}" for name in workspace.edited), *(f"committed {commit}" for commit in own)]
    notes = (f"{place} has your own changes, and the run uses them: {', '.join(mine)}",) if mine else ()
    if workspace.seeds:
        notes = (*notes, f"{place} has the seed patch, so the run sees other batches than the post's")
    return workspace, (*finished, *notes)


def _patches(modules: Iterable[tuple[str, str]], compat: bool) -> str:
    names = [f"{name} ({flavor})" for name, flavor in modules] + ["the compatibility patch"] * compat
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
