"""The user's own modules in a workspace: their text is the workspace's, so it is read from its commits.

The catalog from which they came may have another text today, or be on another machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from yolopatch import __version__
from yolopatch.catalog.kinds import LOSS, STEMS
from yolopatch.catalog.modules import MODULES, is_own, own_source_name
from yolopatch.catalog.names import fold
from yolopatch.core.code.loss_files import loss_folder
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.core.patch.recover import recover_own_patch
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.errors import PatchError, UsageError, YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.workspace.module_commits import read_versions
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import ModulePatch, module_patch
from yolopatch.wire import shell


@dataclass(frozen=True)
class Held:
    """Some of the user's own modules in a workspace.

    Attributes:
        patches: their patches, by name.
        differing: those of which the catalog has another text, each with a sentence about it; a module that is not in
            the catalog is none of them.
    """

    patches: Mapping[str, ModulePatch]
    differing: Mapping[str, str]


def read_held(workspace: Workspace, names: Collection[str]) -> Held:
    """Return the user's own modules in a workspace that have one of these names.

    Raises:
        PatchError: the commit of one of them is not as this version of yolopatch makes it.
    """
    own = [applied for applied in workspace.applied if applied.name in names and is_own(applied.name)]
    patches = {applied.name: held_patch(workspace, applied) for applied in own}
    differing = {name: why for name, patch in patches.items() if (why := _difference(workspace, name, patch))}
    return Held(patches, differing)


def held_patch(workspace: Workspace, applied: Applied) -> ModulePatch:
    """Return the patch of one of the user's own modules in a workspace.

    Raises:
        PatchError: its commit is not as this version of yolopatch makes it.
    """
    text = recover_own_patch(workspace.pin, applied, read_versions(workspace, applied))
    if text is None:
        raise _unreadable(workspace, applied)
    return ModulePatch(text, applied.paper)


def find_held(workspace: Workspace, name: str) -> Applied | None:
    """Return the module with this name, or a class of it, that is in the workspace but not in the catalog."""
    for applied in workspace.applied:
        spellings = (applied.name, *(f"{stem}_{applied.name}" for stem in STEMS))
        if applied.name not in MODULES and fold(name) in map(fold, spellings):
            return applied
    return None


def is_loss(workspace: Workspace, name: str) -> bool:
    """Tell whether a module is a loss: one of the catalog, or one that only the workspace has."""
    if name in MODULES:
        return MODULES[name].kind == LOSS
    file = f"{loss_folder(workspace.pin)}/{own_source_name(name)}.py"
    return (workspace.path / file).is_file()


def not_in_catalog(workspace: Workspace, applied: Applied) -> UsageError:
    """Return the error for a command that needs the catalog for a module which only the workspace has."""
    added = (path for path, texts in read_versions(workspace, applied).items() if texts.before is None)
    file = shell.quote(workspace.path / next(added))
    return UsageError(
        f"{workspace.path} has your own module {applied.name}, but your catalog does not",
        details=["this needs the catalog: it says which layers the module can replace, and has its file"],
        hint=f"add it from the workspace: yolopatch add {file} --name {applied.name}",
    )


def update_command(workspace: Workspace, name: str) -> str:
    """Return the command that takes a module's text from the catalog."""
    place = shell.quote(workspace.path)
    return f"yolopatch apply --repo {workspace.pin.name} --module {name} --update --dest {place}"


def held_notes(workspace: Workspace, held: Held) -> Iterator[str]:
    """Yield a note for each module of which the catalog has another text."""
    for name, why in held.differing.items():
        yield f"{name} stays as it is in this workspace; {why}. To take that one: {update_command(workspace, name)}"


def _difference(workspace: Workspace, name: str, held: ModulePatch) -> str:
    """Return how the catalog's module differs; "" if it does not, or if the catalog does not have it."""
    if name not in MODULES:
        return ""
    read = snapshot.revision_reader(workspace.repository, workspace.root.id)
    try:
        found = module_patch(workspace.pin, Choice(name, MODULES[name].flavors[0]), read)
    except YolopatchError as error:
        return f"the one in your catalog cannot be used ({error.what})"
    same = parse_patch(found.text, name).changes == parse_patch(held.text, name).changes
    return "" if same else "your catalog has another one"


def _unreadable(workspace: Workspace, applied: Applied) -> PatchError:
    remove = f"yolopatch remove --module {applied.name} {shell.quote(workspace.path)}"
    other = applied.version and applied.version != __version__
    return PatchError(
        f"the patch of your own module {applied.name} cannot be read from its commit in {workspace.path}",
        details=[
            f"expected: the changes of a patch with the sha256 {applied.patch_sum[:16]}",
            f"found:    changes of no such patch; yolopatch {applied.version or '(unknown version)'} made the commit",
        ],
        hint=f"use yolopatch {applied.version}, or remove it: {remove}" if other else f"remove it: {remove}",
    )
