"""Read a workspace: the commits of yolopatch, and the changes of the user. Nothing here writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.catalog.identity import AUTHOR_EMAIL, EPOCH
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.workspace.commit_message import (
    Applied,
    Committed,
    read_applied,
    read_fix_patch,
    read_stamp,
    read_trailers,
)
from yolopatch.errors import ConflictError, UsageError
from yolopatch.outside.files.staging import is_part
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.wire import shell

BRANCH = "yolopatch"
JOURNAL = "yolopatch-switch"  # in .git; it exists while a switch is not finished
NEXT = "refs/yolopatch/next"  # the new commits while a switch is prepared
OUR_LOCKS = ("yolopatch.lock", "yolopatch-runs.lock")  # in .git; the second is of runs, which may take days
# Where git locks a file that a command of ours reads or writes: what has such a name there can be nothing but a lock.
# `objects` has locks of maintenance in the background, which is in nobody's way; other folders are other repositories'.
_LOCKED = ("*.lock", "refs/**/*.lock", "logs/**/*.lock", "info/*.lock")

# The operation that is in progress while this file is in .git; the first that exists counts.
_OPERATIONS = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


class NoWorkspaceError(UsageError):
    """A folder is not a workspace, or not a checkout of an upstream, and a command was to read one there."""


@contextmanager
def as_destination() -> Iterator[None]:
    """Turn a NoWorkspaceError into a conflict: here the command would write, so the user's files are in the way.

    Raises:
        ConflictError: in place of NoWorkspaceError.
    """
    try:
        yield
    except NoWorkspaceError as error:
        raise ConflictError(
            f"{error.what}; nothing was changed", details=error.details, hint="name another folder with --dest"
        ) from error


# `pypi ultralytics==X sha256:...`, `git URL TAG COMMIT`, `git URL commit COMMIT`
_RELEASE = re.compile(r"pypi (\S+)|git \S+ (?:commit )?(\S+)")


@dataclass(frozen=True)
class Commit:
    """One commit, as `git log` shows it."""

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
        path: its folder.
        pin: its pin.
        origin: where the pin's content came from, as the root commit says.
        root: the commit with the pin's unchanged content.
        head: our newest commit; the user's own commits come after it.
        fix_patches: the fix patches that it has; their commits are the first after the root, in this order.
        applied: the modules, in the order of their commits.
        stamp: the patch that stamps checkpoints; its commit is our last one. None in a workspace without patches, and
            in a workspace of an older yolopatch without this patch.
        commits: our commits after the root, oldest first.
        own_commits: the user's commits on top, newest first.
        edited: tracked files that differ from HEAD.
        half_added: whether one of them has a conflict, or is known to git by its name alone.
        branch: the checked-out branch, None for a detached HEAD.
        operation: the operation of git that is in progress: `merge`, `rebase` or the like, None without one.
        interrupted: whether a switch is not finished.
    """

    path: Path
    pin: Pin
    origin: str
    root: Commit
    head: Commit
    fix_patches: Mapping[FixPatch, Committed]
    applied: tuple[Applied, ...]
    stamp: Committed | None
    commits: tuple[Commit, ...]
    own_commits: tuple[Commit, ...]
    edited: tuple[str, ...]
    half_added: bool
    branch: str | None
    operation: str | None
    interrupted: bool

    @property
    def tip(self) -> Commit:
        """The checked-out commit: the user's newest, or ours where the user has none."""
        return self.own_commits[0] if self.own_commits else self.head

    @property
    def source(self) -> str:
        """The kind of source that the content came from."""
        return self.origin.split(" ")[0]

    @property
    def repository(self) -> Repository:
        """The git repository."""
        return Repository(self.path)


def git_locks(path: Path) -> list[Path]:
    """Return the files by which a git that runs in this workspace, or was killed in it, keeps others out."""
    git_dir = path / ".git"
    ours = [git_dir / name for name in OUR_LOCKS]
    return [file for pattern in _LOCKED for file in sorted(git_dir.glob(pattern)) if file not in ours]


def is_occupied(path: Path, but: str = "") -> bool:
    """Return whether something exists at the path, apart from an empty folder, what we build in it, and this name."""
    if path.is_dir():
        return any(entry.name != but and not is_part(entry.name) for entry in path.iterdir())
    return os.path.lexists(path)


def add_command(module: str, workspace: Workspace, flavor: str = "") -> str:
    """Return the command that adds a module to the workspace; without a flavor, in the default one."""
    words = ["yolopatch", "apply", "--repo", workspace.pin.name, "--module", module, "--dest", str(workspace.path)]
    return shell.join([*words, *(["--flavor", flavor] if flavor == TUTORIAL_FLAVOR else [])])


def workspace_around(path: Path) -> Workspace | None:
    """Return the workspace that a folder is, or lies in; None where it is in none. The folder need not exist."""
    path = path.absolute()
    root = next((folder for folder in (path, *path.parents) if (folder / ".git").is_dir()), None)
    if root is None or not is_workspace_folder(root):
        return None  # the history of a repository of another kind may be long, and is not read
    return find_workspace(root)


def is_workspace_folder(path: Path) -> bool:
    """Return whether a folder has the branch that every workspace has; its history is not read."""
    name, packed = f"refs/heads/{BRANCH}", path / ".git" / "packed-refs"
    if (path / ".git" / name).is_file():
        return True
    return packed.is_file() and f" {name}\n" in packed.read_text("utf-8", "replace")


def find_workspace(path: Path) -> Workspace | None:
    """Read the workspace in this folder; None if there is none."""
    try:
        return read_workspace(path)
    except NoWorkspaceError:
        return None


def read_workspace(path: Path) -> Workspace:
    """Read the workspace in this folder.

    Raises:
        NoWorkspaceError: the folder is not a workspace.
    """
    if not (path / ".git").is_dir():
        raise _no_workspace(path, "it is not a git checkout" if path.exists() else "the folder does not exist")
    repository = Repository(path)
    try:
        commits, status = _read_commits(repository), _read_status(repository)
    except GitError as error:
        raise _unreadable(path, error) from error
    return _workspace(path, commits, status)


def read_new_workspace(path: Path) -> Workspace:
    """Read the workspace that we have just made in this folder: git is not asked whether the files are as committed.

    Raises:
        GitError: git cannot read it.
    """
    return _workspace(path, _read_commits(Repository(path)), _Status(BRANCH))


@dataclass(frozen=True)
class _Status:
    """The fields of a Workspace with these names."""

    branch: str | None
    edited: tuple[str, ...] = ()
    half_added: bool = False


def _workspace(path: Path, commits: Sequence[Commit], status: _Status) -> Workspace:
    own = next((n for n, commit in enumerate(commits) if commit.is_ours), len(commits))
    ours = commits[own:]
    if not ours or not all(commit.is_ours for commit in ours):
        raise _no_workspace(path, "its history does not start with a pin of yolopatch")
    trailers = read_trailers(ours[-1].message)
    origin, pin = trailers.get("Source", ""), PINS.get(trailers["Pin"])
    if pin is None:
        raise _unknown_pin(path, trailers["Pin"], origin)
    return Workspace(
        path=path,
        pin=pin,
        origin=origin,
        root=ours[-1],
        head=ours[0],
        fix_patches=dict(found for commit in reversed(ours) if (found := read_fix_patch(commit.message))),
        applied=tuple(a for a in map(_applied, reversed(ours)) if a),
        stamp=read_stamp(ours[0].message),
        commits=tuple(reversed(ours[:-1])),
        own_commits=tuple(commits[:own]),
        edited=status.edited,
        half_added=status.half_added,
        branch=status.branch,
        operation=next((what for file, what in _OPERATIONS.items() if (path / ".git" / file).exists()), None),
        interrupted=(path / ".git" / JOURNAL).exists(),
    )


def _applied(commit: Commit) -> Applied | None:
    return read_applied(commit.message)


def _unknown_pin(path: Path, name: str, origin: str) -> NoWorkspaceError:
    """Return the error for a workspace of a pin that `port` made, on a machine without that catalog."""
    found = _RELEASE.match(origin)
    again = f"yolopatch port --to {found[1] or found[2]} --save, or " if found else ""
    return NoWorkspaceError(
        f"{path} is a workspace of {name}, which is neither a pin of yolopatch nor in your own catalog",
        details=[f"its source: {origin or 'unknown'}"],
        hint=f"{again}set YOLOPATCH_CATALOG to the catalog that has the pin",
    )


def _unreadable(path: Path, error: GitError) -> NoWorkspaceError:
    if not any("dubious ownership" in line for line in error.details):
        return _no_workspace(path, error.what, *error.details)
    trust = shell.join(["git", "config", "--global", "--add", "safe.directory", str(path.resolve())])
    return NoWorkspaceError(
        f"{path} belongs to another user, so git does not open it", hint=f"if you trust that user: `{trust}`"
    )


def _no_workspace(path: Path, why: str, *details: str) -> NoWorkspaceError:
    return NoWorkspaceError(
        f"{path} is not a yolopatch workspace: {why}",
        details=details,
        hint="name the folder of a workspace, or make a new one: yolopatch apply --repo ultralytics --module DSConv",
    )


def _read_commits(repository: Repository) -> list[Commit]:
    form = "%H%n%T%n%ae %at %ce %ct%n%B"
    # only first parents: commits that the user has merged may be older than ours
    records = repository.run("log", "-z", "--first-parent", f"--format={form}", "HEAD").split("\0")
    return [_commit(record) for record in records if record]


def _commit(record: str) -> Commit:
    identifier, tree, who, message = record.split("\n", 3)
    # if the user amends or rebases one of our commits, the committer is the user
    is_ours = who == f"{AUTHOR_EMAIL} {EPOCH} {AUTHOR_EMAIL} {EPOCH}" and "Pin" in read_trailers(message)
    return Commit(identifier, tree, is_ours, message)


def _read_status(repository: Repository) -> _Status:
    # `dirty`: of a repository inside, the commit is told, and no git runs in it, with a configuration of its own
    forms = ("--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
    records = repository.run("status", *forms).split("\0")
    branch, edited, half_added = None, [], False
    for record in records:
        if record.startswith("# branch.head "):
            name = record.removeprefix("# branch.head ")
            branch = None if name == "(detached)" else name
        elif record[:2] in ("1 ", "u "):
            half_added = half_added or record[0] == "u" or record[3] == "A"
            edited.append(record.split(" ", 8 if record[0] == "1" else 10)[-1])
        elif record[:2] == "2 ":
            edited.append(record.split(" ", 9)[-1])
    return _Status(branch, tuple(edited), half_added)
