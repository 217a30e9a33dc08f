"""Make a workspace of a release with the models of a fork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.errors import ConflictError
from yolopatch.outside.git.command import Repository
from yolopatch.outside.source.releases import Release
from yolopatch.outside.workspace.workspace import as_destination, is_occupied, read_workspace
from yolopatch.steps.adopt.areas import AreaCommit, add_areas
from yolopatch.steps.adopt.module import keep, make
from yolopatch.steps.adopt.reading import Reading
from yolopatch.steps.workspace.change import WorkspaceState


@dataclass(frozen=True)
class MadeWorkspace:
    """A workspace with the models of a fork.

    Attributes:
        state: the workspace.
        module: the name of the module in the user's own catalog.
        areas: a commit for each area beside the architecture that was chosen and that the fork changes.
        commit: the id of the newest commit.
    """

    state: WorkspaceState
    module: str
    areas: tuple[AreaCommit, ...]
    commit: str


@as_destination()
def check_destination(dest: Path, areas: Sequence[str]) -> None:
    """Check that a workspace can be made at this path, or that one is there, before any work.

    Args:
        dest: the path.
        areas: those that are to be committed on top, for which the workspace has to be a new one.

    Raises:
        ConflictError: something else is there.
    """
    if not is_occupied(dest):
        return
    read_workspace(dest)
    if areas:
        raise ConflictError(
            f"there is a workspace at {dest} already; nothing was changed",
            details=["expected: no workspace yet, on which the changes of " + ", ".join(areas) + " are committed"],
            hint="name another folder with --dest",
        )


def make_workspace(
    rebuilt: Rebuilt, reading: Reading, release: Release, areas: Sequence[str], dest: Path, catalog: Path, cache: Path
) -> MadeWorkspace:
    """Keep the rebuilt models in the user's catalog, and make a workspace with them and their YAMLs.

    Args:
        rebuilt: the models on the release.
        reading: what the fork says.
        release: the release.
        areas: what else of the fork is committed on top, as `require_areas` gives them.
        dest: the folder of the workspace.
        catalog: the user's own catalog.
        cache: the cache folder.

    Raises:
        UsageError: no model was rebuilt, or another module has the name.
        ConflictError: files of the user's are in the way; nothing was changed.
        YolopatchError: the release cannot be a pin, or the catalog cannot be written.
    """
    paper = f"the fork {reading.fork.name} of {reading.base.upstream} {reading.base.release}"
    kept = keep(rebuilt, release, paper, catalog, cache)
    state = make(kept, dest, cache)
    if not areas:
        return MadeWorkspace(state, kept.module.name, (), state.commit)
    commits = add_areas(kept.module.name, state.workspace, reading.fork, reading.changes, areas)
    (head,) = Repository(state.workspace).resolve("HEAD")
    return MadeWorkspace(state, kept.module.name, commits, head)
