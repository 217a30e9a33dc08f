"""The user's own commits on a base that is made again: worked out in memory, nothing here writes to the workspace.

A commit stays what it is but for its parent and its tree. What cannot be brought over so stops the replay, with the
reason: `Stop`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.replay.conflicts import (
    BINARY,
    FOLDER,
    SAME_LINES,
    FileConflict,
    contested_files,
)
from yolopatch.core.replay.raw_commit import RawCommit, read_raw
from yolopatch.core.replay.texts import Sides, is_binary, make_sides, read_hunks, with_ends
from yolopatch.core.replay.three_way import (
    Change,
    Contested,
    Leaf,
    both_file_and_folder,
    differences,
    merge_trees,
    put_merged,
)
from yolopatch.core.text import blob_id
from yolopatch.core.workspace.commit_message import read_trailers
from yolopatch.outside.git.changes import read_changes, read_moves
from yolopatch.outside.git.command import Entry, Repository
from yolopatch.outside.git.snapshot import Root
from yolopatch.outside.workspace.commits import Step, encode_text, written_entries
from yolopatch.outside.workspace.workspace import Commit, Workspace

CONFLICT, MERGE, SIGNED, OURS = "conflict", "merge", "signed", "ours"
_REASONS = {
    MERGE: "it is a merge commit, and a replay has one parent for each commit",
    SIGNED: "it is signed, and its signature is for the parent and the files that it has now",
    OURS: "it is a commit of yolopatch's that was amended or moved, and the new base has its own",
}


@dataclass(frozen=True)
class Stop:
    """Why a commit cannot be replayed.

    Attributes:
        commit: the user's commit.
        kind: CONFLICT, MERGE, SIGNED or OURS.
        why: the reason as a sentence about the commit.
        files: the files that conflict; none for another kind.
    """

    commit: Commit
    kind: str
    why: str
    files: tuple[FileConflict, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """A commit of the user's on the new base.

    Attributes:
        changes: what it changes in the tree of the commit below it there, by path.
        is_emptied: whether it changed something before, and nothing there.
    """

    commit: Commit
    raw: RawCommit
    changes: Mapping[str, Leaf | None]
    is_emptied: bool


@dataclass(frozen=True)
class Replay:
    """The user's commits on a new base.

    Attributes:
        done: the commits that can be replayed, oldest first.
        stop: why the commit after them cannot, None where all can.
        tree: the files after the last of `done`.
        made: the contents that the workspace does not have yet, by blob id.
    """

    done: tuple[Replayed, ...]
    stop: Stop | None
    tree: Mapping[str, Leaf]
    made: Mapping[str, bytes]

    @property
    def entries(self) -> dict[str, Entry]:
        """The files after the last commit, as git lists them."""
        return {path: Entry(leaf.mode, leaf.blob, path) for path, leaf in self.tree.items()}


def find_stop(workspace: Workspace) -> Stop | None:
    """Return the first of the user's commits that no base can be put below, and why; None where each may be tried.

    Raises:
        GitError: the workspace is damaged.
    """
    commits = _read_own(workspace)
    return _merge_among(commits) or next((stop for one in commits if (stop := _stop_at(*one))), None)


def plan_replay(workspace: Workspace, root: Root, steps: Sequence[Step]) -> Replay:
    """Work out the user's commits on the commits of `steps`, as far as it goes.

    With a merge commit anywhere among them, it goes nowhere: git has to move all of the merged commits in one go.

    Raises:
        GitError: the workspace is damaged.
    """
    base = {entry.path: entry for entry in root.entries} | written_entries(steps)
    tree = {path: Leaf(entry.mode, entry.blob) for path, entry in base.items()}
    texts = [encode_text(text) for step in steps for text in step.files.values()]
    contents = _Contents(workspace.repository, {blob_id(text): text for text in texts})
    done: list[Replayed] = []
    parent = workspace.head.id
    commits = _read_own(workspace)
    stop = _merge_among(commits)
    for commit, raw in () if stop else commits:
        stop = _stop_at(commit, raw)
        if stop:
            break
        changes = read_changes(workspace.repository, parent, commit.id)
        merged, conflicts = _Merge(workspace.repository, contents, parent, commit.id).make(changes, tree)
        if conflicts:
            stop = _stop_of_conflict(commit, conflicts)
            break
        changed = differences(tree, merged)
        done.append(Replayed(commit, raw, changed, is_emptied=bool(changes) and not changed))
        tree, parent = merged, commit.id
    return Replay(tuple(done), stop, tree, contents.made)


def _read_own(workspace: Workspace) -> list[tuple[Commit, RawCommit]]:
    """Return the user's commits, oldest first."""
    commits = list(reversed(workspace.own_commits))
    found = workspace.repository.read_blobs([commit.id for commit in commits])
    return [(commit, read_raw(data)) for commit, data in zip(commits, found)]


def _merge_among(commits: Sequence[tuple[Commit, RawCommit]]) -> Stop | None:
    found = next((commit for commit, raw in commits if len(raw.parents) > 1), None)
    return Stop(found, MERGE, _REASONS[MERGE]) if found else None


def _stop_at(commit: Commit, raw: RawCommit) -> Stop | None:
    if raw.is_signed:
        return Stop(commit, SIGNED, _REASONS[SIGNED])
    return Stop(commit, OURS, _REASONS[OURS]) if "Pin" in read_trailers(commit.message) else None


def _stop_of_conflict(commit: Commit, files: Sequence[FileConflict]) -> Stop:
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return Stop(commit, CONFLICT, f"it conflicts with the new base in {count}", tuple(files))


class _Contents:
    """The contents of files: of the repository, and those that are still to be written to it."""

    def __init__(self, repository: Repository, made: dict[str, bytes]) -> None:
        self._repository = repository
        self.made = made

    def read(self, blob: str) -> bytes:
        if blob in self.made:
            return self.made[blob]
        (content,) = self._repository.read_blobs([blob])
        return content

    def add(self, content: bytes) -> str:
        blob = blob_id(content)
        self.made[blob] = content
        return blob


class _Merge:
    """One commit of the user's, to be made again on another tree."""

    def __init__(self, repository: Repository, contents: _Contents, parent: str, commit: str) -> None:
        self._repository = repository
        self._contents = contents
        self._parent = parent
        self._commit = commit

    def make(
        self, changes: Mapping[str, Change], tree: Mapping[str, Leaf]
    ) -> tuple[dict[str, Leaf], list[FileConflict]]:
        """Return the tree with the changes of the commit; and the files that conflict, which are not changed in it."""
        merged, contested = merge_trees(changes, tree, self._moves(changes))
        conflicts = []
        for one in contested:
            settled = self._settle(one)
            if isinstance(settled, FileConflict):
                conflicts.append(settled)
            else:
                put_merged(merged, one, settled)
        if any(change.before is None for change in changes.values()):
            conflicts += [FileConflict(path, FOLDER) for path in both_file_and_folder(merged)]
        return merged, conflicts

    def _moves(self, changes: Mapping[str, Change]) -> Mapping[str, str]:
        deletes = any(change.after is None for change in changes.values())
        return read_moves(self._repository, self._parent, self._commit) if deletes else {}

    def _settle(self, one: Contested) -> Leaf | FileConflict:
        files = contested_files(one)
        if isinstance(files, str):
            return FileConflict(one.path, files)
        if files.blob:
            return Leaf(files.mode, files.blob)
        texts = [self._contents.read(leaf.blob) for leaf in (files.before, files.yours, files.ours)]
        if any(map(is_binary, texts)):
            return FileConflict(one.path, BINARY)
        merged = self._merge_texts(one.path, make_sides(*texts))
        return merged if isinstance(merged, FileConflict) else Leaf(files.mode, self._contents.add(merged))

    def _merge_texts(self, path: str, sides: Sides) -> bytes | FileConflict:
        with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
            yours, before, ours = (Path(folder, name) for name in ("yours", "before", "ours"))
            yours.write_bytes(sides.yours)
            before.write_bytes(sides.before)
            ours.write_bytes(sides.ours)
            clean, merged = self._repository.merge_file(yours, before, ours, sides.marker_size)
        return with_ends(merged, sides) if clean else FileConflict(path, SAME_LINES, read_hunks(merged, sides))
