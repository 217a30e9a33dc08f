"""`remove`: take modules out of a workspace, by rendering it anew without them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from yolopatch.catalog.modules import find_module
from yolopatch.errors import YolopatchError
from yolopatch.outside.lock import hold
from yolopatch.steps.patchset import Choice
from yolopatch.steps.state import State, lock_path, move, open_workspace


def remove(modules: Sequence[str], place: Path, cache: Path) -> State:
    """Take these modules out of the workspace.

    Raises:
        UsageError: an unknown name.
        ConflictError: the user's own work is in the way.
        YolopatchError: the workspace does not have a module.
    """
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
        return move(workspace, [Choice(n, flavor) for n, flavor in there.items() if n not in names], notes)
