"""Add what a fork changes beside its architecture to a new workspace: one commit for each chosen area."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.names import unknown
from yolopatch.core.fork.changes import ARCHITECTURE, AREAS, NOTHING, FileChange
from yolopatch.core.fork.rebuild.areas import AreaFiles, area_files
from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.patch.compose import check_compiles
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import Repository
from yolopatch.outside.workspace.commits import Step, commit_stream
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.workspace import BRANCH

AREA = "Yolopatch-Area"  # the trailer of a commit, with its area
CHOICES = tuple(area for area in AREAS if area not in (ARCHITECTURE, NOTHING))


@dataclass(frozen=True)
class AreaCommit:
    """A commit with the changes of one area.

    Attributes:
        area: one of CHOICES.
        files: the files that it changes or adds.
        what: the changes, one sentence each.
        lacking: what of it cannot work in this release, one sentence each.
    """

    area: str
    files: tuple[str, ...]
    what: tuple[str, ...]
    lacking: tuple[str, ...] = ()


def require_areas(areas: Collection[str]) -> tuple[str, ...]:
    """Return the areas in their order.

    Raises:
        UsageError: one of them is no area that can be chosen.
    """
    for area in areas:
        if area not in CHOICES:
            raise unknown("area", area, CHOICES, "yolopatch adopt --help")
    return tuple(area for area in CHOICES if area in areas)


def add_areas(
    name: str, workspace: Path, fork: ForkTree, changes: Sequence[FileChange], areas: Sequence[str]
) -> tuple[AreaCommit, ...]:
    """Commit the chosen areas on top of a workspace that was just made with the fork's module.

    The commits have the author and the date of yolopatch's own, so that the same fork gives the same ids.

    Args:
        name: of the fork's module.
        workspace: the workspace.
        fork: the fork.
        changes: what it changes.
        areas: as `require_areas` gives them.

    Returns:
        the commits; an area that the fork does not change has none.

    Raises:
        PatchError: a changed file does not compile; nothing was changed.
    """
    repository = Repository(workspace)
    with hold_workspace(workspace):
        (head,) = repository.resolve("HEAD")
        blobs = snapshot.tree_blobs(repository, head)
        files = dict(zip(blobs, repository.read_blobs(list(blobs.values()))))
        found = area_files(name, files, fork.files, changes, areas)
        for one in found:
            check_compiles(one.files)
        steps = [Step(_message(name, one), one.files) for one in found]
        if steps:
            stream = commit_stream(f"refs/heads/{BRANCH}", head, steps)
            repository.run("fast-import", "--quiet", "--force", stdin=stream)
            repository.run("reset", "--quiet", "--hard")
    return tuple(
        AreaCommit(one.area, tuple(one.files), tuple(part.what for _, part in one.parts), one.lacking) for one in found
    )


def _message(name: str, one: AreaFiles) -> str:
    lines = "".join(f"- {path}: {part.what}\n" for path, part in one.parts)
    return (
        f"Change {one.area} as {name} does\n\n{lines}\n"
        f"Yolopatch-Fork: {name}\n{AREA}: {one.area}\nYolopatch-Version: {__version__}\n"
    )
