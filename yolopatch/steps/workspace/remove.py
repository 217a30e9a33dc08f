"""`remove`: remove modules and other patches from a workspace, by building it again without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.change import (
    WorkspaceState,
    find_applied,
    no_compat_error,
    no_seeds_error,
    open_workspace,
    set_patches,
)
from yolopatch.steps.workspace.held import read_held
from yolopatch.steps.workspace.own_commits import Request
from yolopatch.steps.workspace.patchset import applied_choices


def remove(
    modules: Sequence[str], place: Path, compat: bool = False, into: str | None = None, seeds: bool = False
) -> WorkspaceState:
    """Remove these modules from the workspace, with `compat` the compatibility patch, with `seeds` the seed patch.

    Args:
        modules: names of modules or of their classes.
        place: the workspace.
        compat: also remove the compatibility patch.
        seeds: also remove the seed patch.
        into: a new branch that gets the result, in place of the workspace's own; None for the workspace's own.

    Raises:
        UsageError: an unknown name, or nothing to remove.
        ConflictError: the user's own changes are in the way.
        YolopatchError: the workspace does not have a module, or the compatibility or the seed patch.
    """
    if not (modules or compat or seeds):
        raise UsageError("nothing to remove", hint="name a module with --module, or give --compat or --seeds")
    place = place.absolute()
    with hold_workspace(place):
        workspace, notes = open_workspace(place, any_branch=into is not None)
        names = _names(workspace, modules, is_finished=bool(notes))
        if compat and workspace.compat is None and not notes:
            raise no_compat_error(place)
        if seeds and workspace.seeds is None and not notes:
            raise no_seeds_error(place)
        kept = [choice for choice in applied_choices(workspace.applied) if choice.name not in names]
        held = read_held(workspace, {choice.name for choice in kept})
        named = [word for name in sorted(names) for word in ("--module", name)]
        words = ("yolopatch", "remove", *named, *["--compat"] * compat, *["--seeds"] * seeds, str(place))
        stays = workspace.compat is not None and not compat
        seeds_stay = workspace.seeds is not None and not seeds
        return set_patches(workspace, kept, stays, seeds_stay, held, Request(words, into), notes)


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
