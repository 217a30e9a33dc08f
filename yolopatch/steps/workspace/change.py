"""Change the patches of a workspace: the checks before, the switch, and the state after."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.modules import MODULES, is_own, lookup_module
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import Pin
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.core.workspace.manifest import check_content
from yolopatch.errors import YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.manifests import read_manifest
from yolopatch.outside.workspace import switch
from yolopatch.outside.workspace.user_changes import check_no_user_changes
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.workspace.held import Held, find_held, held_notes
from yolopatch.steps.workspace.patchset import Added, Choice, PatchSet, applied_choices, load_patchset
from yolopatch.wire import shell


@dataclass(frozen=True)
class WorkspaceState:
    """A workspace after a command.

    Attributes:
        source: the kind of source that the pin's content came from.
        compat: whether it has the compatibility patch.
        commit, tree: ids of yolopatch's newest commit.
        files: the files that differ from the pin, with the numbers of added and removed lines.
        changed: whether the command changed anything.
        created: whether the command made the workspace.
        notes: what the user should know.
    """

    workspace: Path
    pin: str
    source: str
    modules: tuple[Choice, ...]
    compat: bool
    commit: str
    tree: str
    files: tuple[Added, ...]
    changed: bool
    created: bool = False
    notes: tuple[str, ...] = ()

    def data(self) -> dict[str, object]:
        """Return what `--json` prints; notes go to stderr."""
        return {key: value for key, value in asdict(self).items() if key != "notes"}


def workspace_path(dest: Path | None, pin: Pin) -> Path:
    """Return the path of a workspace of the pin; without `dest`, the pin's name in the current folder."""
    place = (dest or Path(pin.name)).absolute()
    # a link is followed, never replaced
    return Path(os.path.realpath(place)) if place.is_symlink() else place


def open_workspace(place: Path) -> tuple[Workspace, tuple[str, ...]]:
    """Read a workspace to change it: finish an interrupted command first, and check for the user's changes.

    Returns:
        the workspace, and a note for the user where a command was finished.

    Raises:
        NoWorkspaceError: the folder is no workspace.
        ConflictError: it has changes of the user's.
    """
    workspace = read_workspace(place)
    check_no_user_changes(workspace)
    note = switch.finish_interrupted(workspace)
    if note is None:
        return workspace, ()
    workspace = read_workspace(place)
    check_no_user_changes(workspace)
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


def no_compat_error(place: Path) -> YolopatchError:
    """Return the error for a workspace without the compatibility patch."""
    return YolopatchError(
        f"{place} does not have the compatibility patch",
        details=["expected: a workspace made with `yolopatch apply --compat`"],
        hint=f"yolopatch status {shell.quote(place)}",
    )


def set_patches(
    workspace: Workspace, wanted: Iterable[Choice], compat: bool, held: Held, notes: tuple[str, ...] = ()
) -> WorkspaceState:
    """Give the workspace exactly these modules, with or without the compatibility patch.

    Args:
        workspace: the workspace.
        wanted: the modules.
        compat: whether it is to have the compatibility patch.
        held: those of them that are the user's own and stay as they are in the workspace.
        notes: what the user should know already.
    """
    read = snapshot.revision_reader(workspace.repository, workspace.root.id)
    patchset = load_patchset(workspace.pin, wanted, compat, read, held.patches)
    notes += tuple(held_notes(workspace, held))
    before = (workspace.compat, workspace.applied, workspace.stamp)
    changed = (patchset.compat, patchset.applied, patchset.stamp) != before
    if changed:
        root = snapshot.read_root(workspace.repository, workspace.root.id)
        notes += check_content(workspace.pin, read_manifest(workspace.pin), root.blobs, str(workspace.path))
        steps = patchset.steps(snapshot.pristine_reader(workspace.repository, root.blobs), root, workspace.source)
        switch.switch(workspace, root, steps)
        workspace = read_workspace(workspace.path)
    return workspace_state(workspace, patchset, changed, notes)


def workspace_state(workspace: Workspace, patchset: PatchSet, changed: bool, notes: tuple[str, ...]) -> WorkspaceState:
    """Return the state of the workspace, as commands report it."""
    return WorkspaceState(
        workspace=workspace.path,
        pin=workspace.pin.name,
        source=workspace.source,
        modules=applied_choices(workspace.applied),
        compat=workspace.compat is not None,
        commit=workspace.head.id,
        tree=workspace.head.tree,
        files=patchset.files(),
        changed=changed,
        notes=notes,
    )
