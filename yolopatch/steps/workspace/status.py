"""`status`: what a workspace holds, and what the user changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.outside.git.snapshot import changed_paths, tree_entries
from yolopatch.outside.workspace.obstacles import Obstacle, find_hidden
from yolopatch.outside.workspace.switch import find_interrupted
from yolopatch.outside.workspace.user_changes import find_changes
from yolopatch.outside.workspace.workspace import BRANCH, Workspace, read_workspace
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.fix_flags import with_flags
from yolopatch.steps.workspace.own_commits import find_not_replayable
from yolopatch.steps.workspace.patchset import patched_paths


@dataclass(frozen=True)
class Status:
    """The state of a workspace.

    Attributes:
        origin: where exactly the pin's content came from.
        fix_patches: those that it has.
        commit, tree: ids of yolopatch's newest commit, which a paper should cite.
        version: of the yolopatch that made it, None where the commits do not say it.
        branch: the current branch, None for a detached HEAD.
        edited: tracked files with changes that are not committed.
        own_commits: the user's commits on top of yolopatch's, as `id subject`, newest first.
        operation: the user's unfinished merge, rebase or the like; None without one.
        interrupted: whether an earlier command was interrupted.
        obstacles: what keeps `apply` and `remove` from changing it, each with what the user does. Whether the user's
            commits conflict with a change is only known when it is made.
        clean: whether it is as yolopatch made it, with no commits of the user's and nothing in the way of a change.
    """

    workspace: Path
    pin: str
    source: str
    origin: str
    modules: tuple[Choice, ...]
    fix_patches: tuple[FixPatch, ...]
    commit: str
    tree: str
    version: str | None
    branch: str | None
    edited: tuple[str, ...]
    own_commits: tuple[str, ...]
    operation: str | None
    interrupted: bool
    obstacles: tuple[Obstacle, ...]
    clean: bool

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return with_flags(self)


def status(place: Path) -> Status:
    """Read the workspace; write nothing.

    Raises:
        NoWorkspaceError: the folder is no workspace.
    """
    found = read_workspace(place.absolute())
    obstacles = tuple(_obstacles(found))
    return Status(
        workspace=found.path,
        pin=found.pin.name,
        source=found.source,
        origin=found.origin,
        modules=applied_choices(found.applied),
        fix_patches=tuple(found.fix_patches),
        commit=found.head.id,
        tree=found.head.tree,
        version=_version(found),
        branch=found.branch,
        edited=found.edited,
        own_commits=tuple(f"{commit.id[:12]} {commit.subject}" for commit in found.own_commits),
        operation=found.operation,
        interrupted=found.interrupted,
        obstacles=obstacles,
        clean=not (obstacles or found.own_commits or found.interrupted),
    )


def _version(found: Workspace) -> str | None:
    made = [*found.fix_patches.values(), *found.applied, found.stamp]
    return next((one.version for one in reversed(made) if one), None)


def _obstacles(found: Workspace) -> Iterator[Obstacle]:
    yield from find_changes(found)
    if found.interrupted:
        yield from find_interrupted(found)
        return
    if found.branch == BRANCH:
        yield from find_not_replayable(found)
    if found.edited:
        return  # these files differ from the commit for a reason that is told already
    removed = changed_paths(*(tree_entries(found.repository, commit.id) for commit in (found.root, found.head)))
    names = sorted({*removed, *patched_paths(found.pin)})
    yield from find_hidden(found.path, tree_entries(found.repository, found.tip.id), names)
