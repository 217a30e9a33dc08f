"""Change the patches of a workspace: the checks before, and the switch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.catalog.modules import MODULES, is_own, lookup_module
from yolopatch.catalog.names import unknown
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.core.workspace.manifest import check_content
from yolopatch.errors import YolopatchError
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
from yolopatch.steps.workspace.held import Held, find_held, held_notes
from yolopatch.steps.workspace.own_commits import by_hand, read_stopped, replayed_commits, stopped_error
from yolopatch.steps.workspace.patchset import PatchSet, load_patchset
from yolopatch.steps.workspace.request import Request
from yolopatch.steps.workspace.state import WorkspaceState, workspace_state
from yolopatch.wire import shell


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
