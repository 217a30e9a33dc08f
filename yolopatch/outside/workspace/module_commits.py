"""What the commit of a module did to the files of a workspace."""

from __future__ import annotations

from yolopatch.core.patch.recover import Versions
from yolopatch.core.workspace.commit_message import Applied, read_applied
from yolopatch.outside.git.snapshot import changed_paths, pristine_reader, tree_blobs
from yolopatch.outside.workspace.workspace import Commit, Workspace


def module_commit(workspace: Workspace, applied: Applied) -> tuple[Commit, Commit]:
    """Return the commit that adds this module of the workspace, after the commit below it."""
    history = (workspace.root, *workspace.commits)
    number = next(n for n, commit in enumerate(history) if read_applied(commit.message) == applied)
    return history[number - 1], history[number]


def read_versions(workspace: Workspace, applied: Applied) -> dict[str, Versions]:
    """Return the versions of every file that the module's commit changes, by path."""
    repository = workspace.repository
    trees = [tree_blobs(repository, commit.id) for commit in (workspace.root, *module_commit(workspace, applied))]
    _, before, after = trees
    paths = changed_paths(before, after)
    texts = [pristine_reader(repository, tree)(paths) for tree in trees]
    return {path: Versions(*(text.get(path) for text in texts)) for path in paths}
