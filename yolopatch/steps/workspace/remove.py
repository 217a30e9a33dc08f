"""`remove`: take modules and mends out of a workspace, by rendering it anew without them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from yolopatch.catalog.modules import find_module
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.lock import hold
from yolopatch.steps.workspace.change import WorkspaceState, lock_path, no_compat_error, open_workspace, set_patches
from yolopatch.steps.workspace.patchset import Choice


def remove(modules: Sequence[str], place: Path, cache: Path, compat: bool = False) -> WorkspaceState:
    """Take these modules out of the workspace, and the compatibility patch if `compat`.

    Raises:
        UsageError: an unknown name, or nothing to take out.
        ConflictError: the user's own work is in the way.
        YolopatchError: the workspace does not have a module, or the compatibility patch.
    """
    if not modules and not compat:
        raise UsageError("there is nothing to remove", hint="name a module with --module, or give --compat, or both")
    names = [find_module(name).name for name in modules]
    place = place.absolute()
    with hold(lock_path(place, cache)):
        workspace, notes = open_workspace(place)
        there = {applied.name: applied.flavor for applied in workspace.applied}
        for name in names:
            if name not in there:
                raise YolopatchError(
                    f"{place} does not have {name}",
                    details=[f"it has: {', '.join(there) or 'no module'}"],
                    hint=f"yolopatch status {shlex.quote(str(place))}",
                )
        if compat and workspace.compat is None:
            raise no_compat_error(place)
        kept = [Choice(n, flavor) for n, flavor in there.items() if n not in names]
        return set_patches(workspace, kept, workspace.compat is not None and not compat, notes)
