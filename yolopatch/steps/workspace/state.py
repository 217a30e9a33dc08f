"""A workspace after a command, and where it lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.catalog.pins import Pin
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.fix_flags import with_flags
from yolopatch.steps.workspace.patchset import Added, PatchSet

if TYPE_CHECKING:
    from yolopatch.steps.workspace.own_commits import ReplayedCommit, Stopped


@dataclass(frozen=True)
class WorkspaceState:
    """A workspace after a command.

    Attributes:
        source: the kind of source that the pin's content came from.
        fix_patches: those that it has.
        commit, tree: ids of yolopatch's newest commit.
        files: the files that differ from the pin, with the numbers of added and removed lines.
        changed: whether the command changed anything.
        created: whether the command made the workspace.
        replayed: the user's own commits that were replayed on the commits of yolopatch, oldest first.
        into: the new branch that has the result, with everything that is said above; None for the workspace's own.
        stopped: the user's commit that could not be replayed; it and those above it are not on the new branch.
        by_hand: the command of git that goes on from the new branch.
        notes: what the user should know.
    """

    workspace: Path
    pin: str
    source: str
    modules: tuple[Choice, ...]
    fix_patches: tuple[FixPatch, ...]
    commit: str
    tree: str
    files: tuple[Added, ...]
    changed: bool
    created: bool = False
    replayed: tuple[ReplayedCommit, ...] = ()
    into: str | None = None
    stopped: Stopped | None = None
    by_hand: str | None = None
    notes: tuple[str, ...] = ()

    def data(self) -> dict[str, object]:
        """Return what `--json` prints; notes go to stderr."""
        return {key: value for key, value in with_flags(self).items() if key != "notes"}


def workspace_path(dest: Path | None, pin: Pin) -> Path:
    """Return the path of a workspace of the pin; without `dest`, the pin's name in the current folder."""
    place = (dest or Path(pin.name)).absolute()
    # a link is followed, never replaced
    return Path(os.path.realpath(place)) if place.is_symlink() else place


def workspace_state(workspace: Workspace, patchset: PatchSet, changed: bool, notes: tuple[str, ...]) -> WorkspaceState:
    """Return the state of the workspace, as commands report it."""
    return WorkspaceState(
        workspace=workspace.path,
        pin=workspace.pin.name,
        source=workspace.source,
        modules=applied_choices(workspace.applied),
        fix_patches=tuple(workspace.fix_patches),
        commit=workspace.head.id,
        tree=workspace.head.tree,
        files=patchset.files(),
        changed=changed,
        notes=notes,
    )
