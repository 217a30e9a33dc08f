"""`remove`: remove modules and fix patches from a workspace, by building it again without them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, in_order, options_of
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.change import find_applied, open_workspace, set_patches, without_fix_patch
from yolopatch.steps.workspace.choices import applied_choices
from yolopatch.steps.workspace.held import read_held
from yolopatch.steps.workspace.request import Request, nothing_asked
from yolopatch.steps.workspace.state import WorkspaceState


def remove(
    modules: Sequence[str], place: Path, fix_patches: Collection[FixPatch] = (), into: str | None = None
) -> WorkspaceState:
    """Remove these modules and fix patches from the workspace.

    Args:
        modules: names of modules or of their classes.
        place: the workspace.
        fix_patches: those to remove.
        into: a new branch that gets the result, in place of the workspace's own; None for the workspace's own.

    Raises:
        UsageError: an unknown name, or nothing to remove.
        ConflictError: the user's own changes are in the way.
        YolopatchError: the workspace does not have a module or a fix patch.
    """
    if not (modules or fix_patches):
        raise nothing_asked("remove")
    place = place.absolute()
    with hold_workspace(place):
        workspace, notes = open_workspace(place, any_branch=into is not None)
        names = _names(workspace, modules, is_finished=bool(notes))
        missing = [patch for patch in in_order(fix_patches) if patch not in workspace.fix_patches]
        if missing and not notes:  # else it is gone already: the command that was just finished was this one
            raise without_fix_patch(place, missing[0])
        kept = [choice for choice in applied_choices(workspace.applied) if choice.name not in names]
        held = read_held(workspace, {choice.name for choice in kept})
        named = [word for name in sorted(names) for word in ("--module", name)]
        words = ("yolopatch", "remove", *named, *options_of(fix_patches), str(place))
        stay = [patch for patch in workspace.fix_patches if patch not in fix_patches]
        return set_patches(workspace, kept, stay, held, Request(words, into), notes)


def _names(workspace: Workspace, modules: Sequence[str], is_finished: bool) -> set[str]:
    """Return the names of these modules of the workspace.

    Where an interrupted command was just finished, one may be gone already: that command was this one.
    """
    found = set()
    for name in modules:
        try:
            found.add(find_applied(workspace, name).name)
        except UsageError:
            raise
        except YolopatchError:
            if not is_finished:
                raise
    return found
