"""Each file of a fork that is not as its release has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from yolopatch.core.fork.changes import FileChange
from yolopatch.core.fork.reach import Reach
from yolopatch.core.fork.tree import ForkTree

ReleasesOf = Callable[[str, bytes], tuple[str, ...]]


def read_difference(
    base: Mapping[str, bytes], fork: ForkTree, reach: Reach | None = None, releases_of: ReleasesOf | None = None
) -> tuple[FileChange, ...]:
    """Return what a fork changes, by path; what lies beside the package is counted by folder, and comes last.

    Args:
        base: the release's files, by path.
        fork: the fork.
        reach: what the chosen YAMLs need; None if none is chosen, so that all that a YAML could name counts as used.
        releases_of: returns the releases that have exactly this file.
    """
    raise NotImplementedError
