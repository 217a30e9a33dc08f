"""Add modules and fix patches to a workspace that exists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.change import open_workspace, set_patches
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.held import Held, is_loss, read_held, update_command
from yolopatch.steps.workspace.request import Wanted
from yolopatch.steps.workspace.state import WorkspaceState
from yolopatch.wire import shell


def extend(place: Path, wanted: Wanted) -> WorkspaceState:
    """Add what is wanted to the workspace at `place`.

    Raises:
        PatchError: a patch is damaged.
        ConflictError: it is a workspace of another pin, the user's own changes or files are in the way, or it has
            another text of a user's own module.
        YolopatchError: a module is not available for the pin, or the workspace has it in another flavor.
    """
    with hold_workspace(place):
        return _extend(place, wanted)


def _extend(place: Path, wanted: Wanted) -> WorkspaceState:
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
