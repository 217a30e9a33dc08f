"""Make a workspace of a release with the models of a fork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.errors import ConflictError
from yolopatch.outside.files.existing import read_if_there
from yolopatch.outside.files.staging import write_all
from yolopatch.outside.source.releases import Release
from yolopatch.steps.adopt.model import AdoptedModel
from yolopatch.steps.adopt.module import keep, make
from yolopatch.steps.workspace.change import WorkspaceState


@dataclass(frozen=True)
class MadeWorkspace:
    """A workspace with the models of a fork.

    Attributes:
        state: the workspace.
        module: the name of the module in the user's own catalog.
        cfgs: the YAMLs in it, in the order of the models; a model that was not rebuilt has none.
    """

    state: WorkspaceState
    module: str
    cfgs: tuple[Path, ...]


def make_workspace(
    rebuilt: Rebuilt, models: Sequence[AdoptedModel], release: Release, paper: str, dest: Path, catalog: Path, cache: Path
) -> MadeWorkspace:
    """Keep the rebuilt models in the user's catalog, and make a workspace with them and their YAMLs.

    Args:
        rebuilt: the models on the release.
        models: the same, with their YAMLs.
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
    texts = {dest / model.name: model.text.encode() for model in models if model.text}
    for file, data in texts.items():
        if read_if_there(file) not in (None, data):
            raise ConflictError(
                f"{file} already exists, with other content; nothing was changed",
                hint="name another folder with --dest, or move the file away",
            )
    kept = keep(rebuilt, release, paper, catalog, cache)
    state = make(kept, dest, cache)
    write_all(texts)
    return MadeWorkspace(state, kept.module.name, tuple(texts))
