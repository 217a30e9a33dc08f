"""What becomes of the user's own commits when the commits below them are made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from yolopatch.core.replay.conflicts import FileConflict
from yolopatch.errors import ConflictError
from yolopatch.outside.workspace.branches import free_branch
from yolopatch.outside.workspace.make_commits import Made
from yolopatch.outside.workspace.obstacles import Obstacle
from yolopatch.outside.workspace.replay import MERGE, OURS, Replay, Stop, find_stop
from yolopatch.outside.workspace.user_changes import commits_in_the_way, git_words
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.workspace.request import Request
from yolopatch.wire import shell


@dataclass(frozen=True)
class ReplayedCommit:
    """A commit of the user's on the new base.

    Attributes:
        old, new: its ids before and now.
        empty: whether it changes nothing any more, as the new base has all of it.
    """

    old: str
    new: str
    subject: str
    empty: bool


@dataclass(frozen=True)
class Stopped:
    """The user's commit that could not be replayed, with the reason and the files that conflict."""

    commit: str
    subject: str
    why: str
    files: tuple[FileConflict, ...]

    @property
    def lines(self) -> list[str]:
        """It as text."""
        return [line for file in self.files for line in file.lines()]


def replayed_commits(replay: Replay, made: Made) -> tuple[ReplayedCommit, ...]:
    """Return the user's commits that were replayed, oldest first."""
    return tuple(
        ReplayedCommit(one.commit.id, new, one.commit.subject, one.is_emptied)
        for one, new in zip(replay.done, made.own)
    )


def read_stopped(stop: Stop) -> Stopped:
    """Return where the replay stopped."""
    return Stopped(stop.commit.id, stop.commit.subject, stop.why, stop.files)


def find_not_replayable(workspace: Workspace) -> Iterator[Obstacle]:
    """Yield the first of the user's commits that is replayed on nothing, whatever `apply` or `remove` change."""
    stop = find_stop(workspace)
    if stop:
        yield _obstacle(workspace, stop)


def stopped_error(workspace: Workspace, stop: Stop, request: Request) -> ConflictError:
    """Return the error for a commit of the user's that cannot be replayed."""
    return _obstacle(workspace, stop, request).error(stopped=asdict(read_stopped(stop)))


def _obstacle(workspace: Workspace, stop: Stop, request: Request | None = None) -> Obstacle:
    commit = stop.commit
    what = f"{workspace.path}: your commit {commit.id[:12]} ({commit.subject}) cannot be replayed: {stop.why}"
    if stop.kind == OURS:
        return commits_in_the_way(workspace, what)
    into = ("--into", free_branch(workspace, "by-hand"))
    words = f"`{shell.join([*request.words, *into])}`" if request else f"apply or remove with {shell.join(into)}"
    return Obstacle(
        what,
        f"{words} makes a branch of what can be done, and names the command of git for the rest",
        tuple(read_stopped(stop).lines),
    )


def by_hand(workspace: Workspace, replay: Replay, branch: str) -> str:
    """Return the command of git that goes on from the branch, on the branch that is checked out."""
    if replay.stop is None:
        return f"{git_words(workspace)} reset --keep {branch}"
    below = replay.done[-1].commit if replay.done else workspace.head
    merges = "--rebase-merges " if replay.stop.kind == MERGE else ""
    return f"{git_words(workspace)} rebase {merges}--onto {branch} {below.id[:12]}"
