"""Read a workspace: what yolopatch put there, and what the user did since. Nothing here writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.identity import AUTHOR_EMAIL, EPOCH
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.workspace.commit_message import (
    Applied,
    Compat,
    Stamp,
    read_applied,
    read_compat,
    read_stamp,
    read_trailers,
)
from yolopatch.errors import ConflictError
from yolopatch.outside.git.command import GitError, Repository

BRANCH = "yolopatch"
JOURNAL = "yolopatch-switch"  # in .git: its presence means that a switch was begun and not ended
STAGING = ".yolopatch-new"  # where a workspace is built before it is put into an empty folder of the user's
NEXT = "refs/yolopatch/next"  # our next state while a switch is prepared
LOCKS = ("index.lock", "HEAD.lock", "packed-refs.lock", f"refs/heads/{BRANCH}.lock", f"{NEXT}.lock")

# What git is in the middle of while one of these lies in .git; the first that is there counts.
_OPERATIONS = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True)
class Commit:
    """One commit as `git log` tells it."""

    id: str
    tree: str
    is_ours: bool
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class Workspace:
    """A workspace on disk.

    Attributes:
        root: the commit with the pin's unchanged content.
        head: our newest commit; the user's own commits come after it.
        compat: the compatibility patch, None without it; its commit is the first after the root.
        applied: the modules, in the order of their commits.
        stamp: the patch that stamps checkpoints, whose commit is the last of ours; None in a workspace without any
            patch, and where a yolopatch that had none made it.
        own_commits: the user's commits on top, newest first.
        edited: tracked files that differ from HEAD.
        branch: the checked-out branch, None for a detached HEAD.
        operation: the user's merge, rebase or the like that is not ended.
        interrupted: a switch was begun and not ended.
    """

    path: Path
    pin: Pin
    origin: str
    root: Commit
    head: Commit
    compat: Compat | None
    applied: tuple[Applied, ...]
    stamp: Stamp | None
    commits: tuple[Commit, ...]
    own_commits: tuple[Commit, ...]
    edited: tuple[str, ...]
    branch: str | None
    operation: str | None
    interrupted: bool

    @property
    def source(self) -> str:
        """The kind of source that the content came from."""
        return self.origin.split(" ")[0]

    @property
    def repository(self) -> Repository:
        """The workspace's git."""
        return Repository(self.path)


def is_occupied(path: Path) -> bool:
    """Tell whether something of somebody's is at the path: all but an empty folder."""
    if path.is_dir():
        return any(entry.name != STAGING for entry in path.iterdir())
    return os.path.lexists(path)


def read_workspace(path: Path) -> Workspace:
    """Read the workspace at this folder.

    Raises:
        ConflictError: the folder is no workspace of ours.
    """
    if not (path / ".git").is_dir():
        raise _no_workspace(path, "it is no git checkout" if path.exists() else "there is no such folder")
    repository = Repository(path)
    try:
        commits = _read_commits(repository)
        branch, edited = _read_status(repository)
    except GitError as error:
        raise _no_workspace(path, error.what, *error.details) from error
    own = next((n for n, commit in enumerate(commits) if commit.is_ours), len(commits))
    ours = commits[own:]
    pin = PINS.get(read_trailers(ours[-1].message).get("Pin", "")) if ours else None
    if pin is None or not all(commit.is_ours for commit in ours):
        raise _no_workspace(path, "its history does not start with a pin that yolopatch put there")
    return Workspace(
        path=path,
        pin=pin,
        origin=read_trailers(ours[-1].message).get("Source", ""),
        root=ours[-1],
        head=ours[0],
        compat=next((c for c in (read_compat(commit.message) for commit in ours) if c), None),
        applied=tuple(a for a in map(_applied, reversed(ours)) if a),
        stamp=read_stamp(ours[0].message),
        commits=tuple(reversed(ours[:-1])),
        own_commits=tuple(commits[:own]),
        edited=edited,
        branch=branch,
        operation=next((what for file, what in _OPERATIONS.items() if (path / ".git" / file).exists()), None),
        interrupted=(path / ".git" / JOURNAL).exists(),
    )


def _applied(commit: Commit) -> Applied | None:
    return read_applied(commit.message)


def _no_workspace(path: Path, why: str, *details: str) -> ConflictError:
    return ConflictError(
        f"{path} is no yolopatch workspace: {why}",
        details=details,
        hint="name the folder of a workspace, or a new one: yolopatch apply --dest DIR makes it",
    )


def _read_commits(repository: Repository) -> list[Commit]:
    form = "%H%n%T%n%ae %at %ce %ct%n%B"
    # the first parents alone: what the user merges may be older than ours, and is not our history
    records = repository.run("log", "-z", "--first-parent", f"--format={form}", "HEAD").split("\0")
    return [_commit(record) for record in records if record]


def _commit(record: str) -> Commit:
    identifier, tree, who, message = record.split("\n", 3)
    # amending or rebasing one of our commits makes its committer the user
    is_ours = who == f"{AUTHOR_EMAIL} {EPOCH} {AUTHOR_EMAIL} {EPOCH}" and "Pin" in read_trailers(message)
    return Commit(identifier, tree, is_ours, message)


def _read_status(repository: Repository) -> tuple[str | None, tuple[str, ...]]:
    records = repository.run("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no").split("\0")
    branch, edited = None, []
    for record in records:
        if record.startswith("# branch.head "):
            name = record.removeprefix("# branch.head ")
            branch = None if name == "(detached)" else name
        elif record[:2] in ("1 ", "u "):
            edited.append(record.split(" ", 8 if record[0] == "1" else 10)[-1])
        elif record[:2] == "2 ":
            edited.append(record.split(" ", 9)[-1])
    return branch, tuple(edited)
