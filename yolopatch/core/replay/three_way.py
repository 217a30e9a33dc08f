"""Take what a commit does to a tree over to another tree, file by file.

What git has for it is no use here: before git 2.38 it needs a work tree, it runs the merge drivers that a configuration
names, and it takes a module that goes for one that comes, as their files look alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

_FILE = "100"  # how the modes of files begin; others are links and submodules


class Leaf(NamedTuple):
    """A file, a link or a submodule in a tree: its mode and the id of its content."""

    mode: str
    blob: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a file, executable or not."""
        return self.mode.startswith(_FILE)


@dataclass(frozen=True)
class Change:
    """What a commit does to one path; None where the path is not there."""

    before: Leaf | None
    after: Leaf | None


@dataclass(frozen=True)
class Contested:
    """A path that the user's commit changes, and that the new base has changed in another way.

    Attributes:
        path: where the result belongs.
        before: in the parent of the user's commit.
        yours: in the user's commit.
        ours: on the new base, with the user's earlier commits.
        moved_from: the path of `before` and `ours`, where the user's commit moves the file; else None.
    """

    path: str
    before: Leaf | None
    yours: Leaf | None
    ours: Leaf | None
    moved_from: str | None = None


@dataclass(frozen=True)
class Files:
    """The three files of a contested path, where each side has a file."""

    before: Leaf
    yours: Leaf
    ours: Leaf

    @property
    def mode(self) -> str:
        """The mode of the result. It is one of two, so both sides can only change it alike."""
        return self.yours.mode if self.ours.mode == self.before.mode else self.ours.mode

    @property
    def blob(self) -> str | None:
        """The content of the result, None where both sides change it in another way."""
        if self.yours.blob in (self.before.blob, self.ours.blob):
            return self.ours.blob
        return self.yours.blob if self.ours.blob == self.before.blob else None


def merge_trees(
    changes: Mapping[str, Change], tree: Mapping[str, Leaf], moves: Mapping[str, str]
) -> tuple[dict[str, Leaf], list[Contested]]:
    """Make the changes of a commit in another tree.

    Args:
        changes: what the commit does to its parent's tree, by path.
        tree: the other tree.
        moves: the paths to which the commit moves files, by the paths from which.

    Returns:
        the tree with every change that can be made without a look into a file, and the paths that need one, which are
        in it as they were.
    """
    merged, contested = dict(tree), []
    for path, change in sorted(changes.items()):
        now, target = tree.get(path), moves.get(path)
        if now == change.before:
            _put(merged, path, change.after)
        elif target is not None:
            contested.append(Contested(target, change.before, changes[target].after, now, path))
        elif now != change.after:
            contested.append(Contested(path, change.before, change.after, now))
    return merged, contested


def put_merged(tree: dict[str, Leaf], one: Contested, leaf: Leaf) -> None:
    """Put the result of a contested path into the tree."""
    if one.moved_from:
        tree.pop(one.moved_from, None)
    tree[one.path] = leaf


def _put(tree: dict[str, Leaf], path: str, leaf: Leaf | None) -> None:
    if leaf is None:
        tree.pop(path, None)
    else:
        tree[path] = leaf


def differences(before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> dict[str, Leaf | None]:
    """Return what has to be written to make one tree of another, by path; None for what has to go."""
    paths = before.keys() | after.keys()
    return {path: after.get(path) for path in paths if before.get(path) != after.get(path)}


def both_file_and_folder(tree: Iterable[str]) -> list[str]:
    """Return the paths of a tree that other paths of it have as a folder, sorted."""
    paths = set(tree)
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
    return sorted(paths & folders)
