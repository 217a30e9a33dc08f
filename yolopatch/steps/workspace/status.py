"""`status`: what a workspace holds, and what the user changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import ConflictError
from yolopatch.outside.workspace.replay import find_obstacle
from yolopatch.outside.workspace.user_changes import check_changeable
from yolopatch.outside.workspace.workspace import BRANCH, Workspace, read_workspace
from yolopatch.steps.workspace.own_commits import cannot_be_replayed
from yolopatch.steps.workspace.patchset import Choice, applied_choices


@dataclass(frozen=True)
class Status:
    """The state of a workspace.

    Attributes:
        origin: where exactly the pin's content came from.
        compat: whether it has the compatibility patch.
        commit, tree: ids of yolopatch's newest commit, which a paper should cite.
        version: of the yolopatch that made it, None where the commits do not say it.
        branch: the current branch, None for a detached HEAD.
        edited: tracked files with changes that are not committed.
        own_commits: the user's commits on top of yolopatch's, as `id subject`, newest first.
        operation: the user's unfinished merge, rebase or the like; None without one.
        interrupted: whether an earlier command was interrupted.
        clean: whether it is as yolopatch made it, with no changes or commits of the user's.
        blocked: why `apply` and `remove` would refuse to change it, None where they would not. Whether the user's
            commits conflict with a change is only known when it is made.
    """

    workspace: Path
    pin: str
    source: str
    origin: str
    modules: tuple[Choice, ...]
    compat: bool
    commit: str
    tree: str
    version: str | None
    branch: str | None
    edited: tuple[str, ...]
    own_commits: tuple[str, ...]
    operation: str | None
    interrupted: bool
    clean: bool
    blocked: str | None


def status(place: Path) -> Status:
    """Read the workspace; write nothing.

    Raises:
        NoWorkspaceError: the folder is no workspace.
    """
    found = read_workspace(place.absolute())
    return Status(
        workspace=found.path,
        pin=found.pin.name,
        source=found.source,
        origin=found.origin,
        modules=applied_choices(found.applied),
        compat=found.compat is not None,
        commit=found.head.id,
        tree=found.head.tree,
        version=_version(found),
        branch=found.branch,
        edited=found.edited,
        own_commits=tuple(f"{commit.id[:12]} {commit.subject}" for commit in found.own_commits),
        operation=found.operation,
        interrupted=found.interrupted,
        clean=_is_clean(found),
        blocked=_blocked(found),
    )


def _version(found: Workspace) -> str | None:
    made = [found.compat, *found.applied, found.stamp]
    return next((one.version for one in reversed(made) if one), None)


def _is_clean(found: Workspace) -> bool:
    return found.branch == BRANCH and not (found.edited or found.own_commits or found.operation or found.interrupted)


def _blocked(found: Workspace) -> str | None:
    try:
        check_changeable(found)
    except ConflictError as error:
        return error.what.removesuffix("; nothing was changed")
    stop = find_obstacle(found)
    return cannot_be_replayed(stop) if stop else None
