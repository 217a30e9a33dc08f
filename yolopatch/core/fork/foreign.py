"""Which changed definitions of a fork are those of another release."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from yolopatch.core.fork.changes import ADDED, CHANGED, FileChange, Part
from yolopatch.core.fork.definitions import file_definitions
from yolopatch.core.fork.index import ReleaseIndex


def with_releases(
    changes: Iterable[FileChange], files: Mapping[str, bytes], index: ReleaseIndex, release: str
) -> tuple[FileChange, ...]:
    """Return the changes; a changed definition that another release has exactly so names that release.

    Args:
        changes: of a fork.
        files: of the fork, by path.
        index: of all releases.
        release: that the fork began from.
    """
    return tuple(_told(change, files, index, release) for change in changes)


def _told(change: FileChange, files: Mapping[str, bytes], index: ReleaseIndex, release: str) -> FileChange:
    if change.kind not in (ADDED, CHANGED) or change.release or change.path not in index.definitions:
        return change
    found = file_definitions(change.path, files[change.path])
    parts = (_part(part, change.path, found.get(part.name, ()), index, release) for part in change.parts)
    return replace(change, parts=tuple(parts))


def _part(part: Part, path: str, nodes: Sequence[ast.AST], index: ReleaseIndex, release: str) -> Part:
    if part.kind not in (ADDED, CHANGED) or not nodes:
        return part
    found = index.from_near(index.releases_of_definition(path, part.name, nodes), release)
    if not found:
        return part
    return replace(part, release=found[0], what=f"as {found[0]} has it: {part.what}")
