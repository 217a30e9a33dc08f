"""Make a workspace of a release with the models of a fork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.core.fork.rebuild.areas import area_files
from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.errors import ConflictError
from yolopatch.outside.files.folders import move
from yolopatch.outside.files.keeping import keeping
from yolopatch.outside.files.staging import staging_folder
from yolopatch.outside.git.command import Repository
from yolopatch.outside.source.releases import Release
from yolopatch.outside.workspace.lock import require_lock
from yolopatch.outside.workspace.workspace import as_destination, is_occupied, read_workspace
from yolopatch.steps.adopt.areas import AREA, AreaCommit, add_areas
from yolopatch.steps.adopt.module import Kept, keep, make
from yolopatch.steps.adopt.reading import Reading
from yolopatch.steps.workspace.state import WorkspaceState

_FORM = f"--format=%H %(trailers:key={AREA},valueonly,separator=%x20)"  # a commit's id and its area


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
def check_destination(dest: Path) -> None:
    """Check that a workspace can be made at this path, or that one is there, before any work.

    Raises:
        ConflictError: something else is there.
    """
    if is_occupied(dest):
        read_workspace(dest)


def check_areas(dest: Path, name: str, reading: Reading, areas: Sequence[str]) -> None:
    """Check that a workspace that is there has a commit for each chosen area that the fork changes, and no other.

    Args:
        dest: the path.
        name: of the fork's module.
        reading: what the fork says.
        areas: those that are committed on top of a new workspace.

    Raises:
        ConflictError: it has not; such commits are made with a workspace, never later.
    """
    if not areas or not is_occupied(dest):
        return
    there = {area for line in Repository(dest).run("log", _FORM).splitlines() for area in line.split()[1:]}
    found = area_files(name, reading.release.files, reading.fork.files, reading.changes, areas)
    wanted = {one.area for one in found}
    missing = [area for area in areas if area in wanted - there]
    if missing:
        raise _unlike(f"{dest} is a workspace without the changes of {', '.join(missing)}; nothing was changed")
    more = sorted(there - wanted)
    if more:
        raise _unlike(f"{dest} has the changes of {', '.join(more)}, too; nothing was changed")


def _unlike(what: str) -> ConflictError:
    return ConflictError(
        what,
        details=["these changes are committed on top of a new workspace"],
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
    require_lock(dest)
    kept = keep(rebuilt, release, paper, catalog, cache)
    with keeping(catalog):
        return _make_workspace(kept, reading, areas, dest, cache)


def _make_workspace(kept: Kept, reading: Reading, areas: Sequence[str], dest: Path, cache: Path) -> MadeWorkspace:
    module = kept.module.name
    if not areas:
        state = make(kept, dest, cache)
        return MadeWorkspace(state, module, (), state.commit)
    if is_occupied(dest):
        return _with_areas(make(kept, dest, cache), module)
    dest.parent.mkdir(parents=True, exist_ok=True)
    # all of it appears at once: a kill leaves no workspace without its areas
    with staging_folder(dest.parent, "name a folder on another disk: --dest DIR") as staging:
        state = make(kept, staging / dest.name, cache)
        commits = add_areas(module, state.workspace, reading.fork, reading.changes, areas)
        (head,) = Repository(state.workspace).resolve("HEAD")
        move(state.workspace, dest)
    return MadeWorkspace(replace(state, workspace=dest), module, commits, head)


def _with_areas(state: WorkspaceState, module: str) -> MadeWorkspace:
    """Return a workspace that an earlier run has made with areas."""
    repository = Repository(state.workspace)
    (head,) = repository.resolve("HEAD")
    lines = repository.run("log", "--reverse", _FORM, f"{state.commit}..HEAD").splitlines()
    commits = [line.split() for line in lines]
    found = [
        AreaCommit(words[1], tuple(repository.run("show", "--format=", "--name-only", words[0]).split()), ())
        for words in commits
        if words[1:]
    ]
    return MadeWorkspace(state, module, tuple(found), head)
