"""Change the patches of a workspace: the checks before, the switch, and the state after."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch, options_of
from yolopatch.catalog.modules import MODULES, is_own, lookup_module
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.core.workspace.manifest import check_content
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.keeping import after_change
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.manifests import read_manifest
from yolopatch.outside.workspace import switch
from yolopatch.outside.workspace.branches import check_new_branch
from yolopatch.outside.workspace.left_behind import left_behind
from yolopatch.outside.workspace.make_commits import Made
from yolopatch.outside.workspace.replay import Replay, plan_replay
from yolopatch.outside.workspace.user_changes import check_changeable
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.fix_flags import with_flags
from yolopatch.steps.workspace.held import Held, find_held, held_notes
from yolopatch.steps.workspace.own_commits import (
    ReplayedCommit,
    Request,
    Stopped,
    by_hand,
    read_stopped,
    replayed_commits,
    stopped_error,
)
from yolopatch.steps.workspace.patchset import Added, PatchSet, load_patchset
from yolopatch.wire import shell


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


def open_workspace(place: Path, any_branch: bool = False) -> tuple[Workspace, tuple[str, ...]]:
    """Read a workspace to change it: finish an interrupted command first, and check for the user's changes.

    Args:
        place: its folder.
        any_branch: whether another branch than ours may be checked out, as nothing is to be done to it.

    Returns:
        the workspace, which may have commits of the user's on top, and a note for the user where a command was
        finished.

    Raises:
        NoWorkspaceError: the folder is no workspace.
        ConflictError: it has changes of the user's.
    """
    workspace = read_workspace(place)
    check_changeable(workspace, any_branch)
    note = switch.finish_interrupted(workspace)
    if note is None:
        return workspace, ()
    workspace = read_workspace(place)
    check_changeable(workspace, any_branch)
    return workspace, (note,)


def read_finished(place: Path) -> tuple[Workspace, tuple[str, ...]]:
    """Read a workspace that may have changes of the user's; finish an interrupted command first.

    Returns:
        the workspace, and a note for the user where a command was finished.

    Raises:
        NoWorkspaceError: the folder is no workspace.
        ConflictError: a command was interrupted, and the user has changed the workspace since then.
    """
    workspace = read_workspace(place)
    return open_workspace(place) if workspace.interrupted else (workspace, ())


def find_applied(workspace: Workspace, name: str) -> Applied:
    """Return the module of the workspace that has this name, or a class of this name.

    Raises:
        UsageError: neither the workspace nor the catalog has a module of this name.
        YolopatchError: the workspace does not have it.
    """
    held = find_held(workspace, name)
    if held:
        return held
    module = lookup_module(name)
    if module is None:
        own = (applied.name for applied in workspace.applied if is_own(applied.name))
        raise unknown("module", name, dict.fromkeys((*MODULES, *own)), "yolopatch list modules")
    for applied in workspace.applied:
        if applied.name == module.name:
            return applied
    have = ", ".join(applied.name for applied in workspace.applied) or "no module"
    raise YolopatchError(
        f"{workspace.path} does not have {module.name}",
        details=[f"it has: {have}"],
        hint=f"yolopatch status {shell.quote(workspace.path)}",
    )


def nothing_asked(command: str) -> UsageError:
    """Return the error for an `apply` or a `remove` of nothing."""
    options = " or ".join(options_of(FIX_PATCHES))
    return UsageError(f"nothing to {command}", hint=f"name a module with --module, or give {options}")


def without_fix_patch(place: Path, patch: FixPatch) -> YolopatchError:
    """Return the error for a workspace without this fix patch."""
    return YolopatchError(
        f"{place} does not have {patch.what}",
        details=[f"expected: a workspace made with `yolopatch apply {patch.option}`"],
        hint=f"yolopatch status {shell.quote(place)}",
    )


def set_patches(
    workspace: Workspace,
    wanted: Iterable[Choice],
    fix_patches: Collection[FixPatch],
    held: Held,
    request: Request,
    notes: tuple[str, ...] = (),
) -> WorkspaceState:
    """Give the workspace exactly these modules, and these fix patches, below the user's commits.

    Args:
        workspace: the workspace.
        wanted: the modules.
        fix_patches: those that it is to have.
        held: those of them that are the user's own and stay as they are in the workspace.
        request: the command.
        notes: what the user should know already.

    Raises:
        UsageError: git takes no branch of the name that the request has.
        ConflictError: a commit or a file of the user's is in the way, or a branch; nothing was changed.
    """
    if request.into is not None:
        check_new_branch(workspace, request.into)
    read = snapshot.revision_reader(workspace.repository, workspace.root.id)
    patchset = load_patchset(workspace.pin, wanted, fix_patches, read, held.patches)
    notes += tuple(held_notes(workspace, held))
    before = (workspace.fix_patches, workspace.applied, workspace.stamp)
    if (patchset.fix_patches, patchset.applied, patchset.stamp) == before:
        notes += (f"nothing to change, so there is no branch {request.into}",) if request.into else ()
        return workspace_state(workspace, patchset, changed=False, notes=notes)
    root = snapshot.read_root(workspace.repository, workspace.root.id)
    notes += check_content(workspace.pin, read_manifest(workspace.pin), root.blobs, str(workspace.path))
    steps = patchset.steps(snapshot.pristine_reader(workspace.repository, root.blobs), root, workspace.source)
    replay = plan_replay(workspace, root, steps)
    if request.into is not None:
        made = switch.leave_on_branch(workspace, root, steps, replay, request.into)
        with after_change(workspace.path):
            return _left(workspace, patchset, replay, made, request.into, notes)
    if replay.stop:
        raise stopped_error(workspace, replay.stop, request)
    made = switch.switch(workspace, root, steps, replay)
    with after_change(workspace.path):
        replayed = replayed_commits(replay, made)
        notes += tuple(left_behind(workspace, {one.old: one.new for one in replayed}))
        now = read_workspace(workspace.path)
        return replace(workspace_state(now, patchset, changed=True, notes=notes), replayed=replayed)


def _left(
    workspace: Workspace, patchset: PatchSet, replay: Replay, made: Made, branch: str, notes: tuple[str, ...]
) -> WorkspaceState:
    """Return the state of a new branch with the result; the workspace itself is as it was."""
    (tree,) = workspace.repository.resolve(f"{made.base}^{{tree}}")
    return replace(
        workspace_state(workspace, patchset, changed=True, notes=notes),
        modules=applied_choices(patchset.applied),
        fix_patches=tuple(patchset.fix_patches),
        commit=made.base,
        tree=tree,
        replayed=replayed_commits(replay, made),
        into=branch,
        stopped=read_stopped(replay.stop) if replay.stop else None,
        by_hand=by_hand(workspace, replay, branch),
    )


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
