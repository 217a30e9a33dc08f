"""Make a workspace of a release with the models of a fork."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.outside.source.releases import Release
from yolopatch.outside.workspace.workspace import as_destination, is_occupied, read_workspace
from yolopatch.steps.adopt.module import keep, make
from yolopatch.steps.workspace.change import WorkspaceState


@dataclass(frozen=True)
class MadeWorkspace:
    """A workspace with the models of a fork.

    Attributes:
        state: the workspace.
        module: the name of the module in the user's own catalog.
    """

    state: WorkspaceState
    module: str


@as_destination()
def check_destination(dest: Path) -> None:
    """Check that a workspace can be made at this path, or that one is there, before any work.

    Raises:
        ConflictError: something else is there.
    """
    if is_occupied(dest):
        read_workspace(dest)


def make_workspace(
    rebuilt: Rebuilt, release: Release, paper: str, dest: Path, catalog: Path, cache: Path
) -> MadeWorkspace:
    """Keep the rebuilt models in the user's catalog, and make a workspace with them and their YAMLs.

    Args:
        rebuilt: the models on the release.
        release: the release.
        paper: one line that says where they come from.
        dest: the folder of the workspace.
        catalog: the user's own catalog.
        cache: the cache folder.

    Raises:
        UsageError: no model was rebuilt, or another module has the name.
        ConflictError: files of the user's are in the way; nothing was changed.
        YolopatchError: the release cannot be a pin, or the catalog cannot be written.
    """
    kept = keep(rebuilt, release, paper, catalog, cache)
    return MadeWorkspace(make(kept, dest, cache), kept.module.name)
