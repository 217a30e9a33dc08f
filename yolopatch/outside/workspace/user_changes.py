"""Check that a workspace has no changes of the user; if it has, say which, and the command that saves them."""

from __future__ import annotations

from collections.abc import Iterator

from yolopatch.outside.workspace.branches import branches, free_branch
from yolopatch.outside.workspace.journal import read_journal
from yolopatch.outside.workspace.obstacles import Obstacle
from yolopatch.outside.workspace.workspace import BRANCH, NEXT, Commit, Workspace, git_locks
from yolopatch.wire import shell


def check_changeable(workspace: Workspace, any_branch: bool = False) -> None:
    """Check that a switch would lose no changes of the user; commits of the user's are not in its way.

    The changes of an interrupted switch are not the user's: finish the switch, then check again.

    Args:
        workspace: the workspace.
        any_branch: whether another branch than ours may be checked out, as nothing is to be done to it.

    Raises:
        ConflictError: there are changes; it names the command that saves them.
    """
    for obstacle in find_changes(workspace, any_branch):
        raise obstacle.error()


def find_changes(workspace: Workspace, any_branch: bool = False) -> Iterator[Obstacle]:
    """Yield what `check_changeable` refuses, the one to save first first."""
    yield from _find_activity(workspace)
    path, git = workspace.path, git_words(workspace)
    if workspace.edited and not workspace.interrupted:
        # git saves neither a conflict nor a file of which it knows the name alone
        stash = shell.in_turn(*[f"{git} add -u"] * workspace.half_added, f"{git} stash")
        yield Obstacle(
            f"{path} has changes that are not committed",
            f"keep them with {stash}, or commit them on your own branch, then run this again",
            tuple(f"changed: {name}" for name in workspace.edited[:8]),
        )
    if workspace.branch != BRANCH and not (any_branch and not workspace.interrupted):
        where = f"on the branch {workspace.branch}" if workspace.branch else "on no branch (detached HEAD)"
        # git forgets commits without a branch
        lost = not workspace.branch and workspace.own_commits
        keep = [f"{git} branch {free_branch(workspace, 'my-work')}"] if lost else []
        yield Obstacle(
            f"{path} is {where}, not on the branch {BRANCH}",
            f"{shell.in_turn(*keep, _command_to_switch(workspace))}, then run this again; your commits are kept",
        )
    yield from _find_commits_since(workspace)


def check_no_user_changes(workspace: Workspace) -> None:
    """Check that a workspace is yolopatch's alone: nothing that `check_changeable` finds, and no commits on top.

    Raises:
        ConflictError: there is something of the user's; it names the command that saves it.
    """
    check_changeable(workspace)
    if workspace.own_commits:
        raise commits_in_the_way(workspace, f"{workspace.path} has your own commits on top").error()


def commits_in_the_way(workspace: Workspace, what: str, base: Commit | None = None) -> Obstacle:
    """Return commits of the user's as an obstacle, with the command that keeps them on a branch.

    Args:
        workspace: the workspace.
        what: what is in the way.
        base: the commit on which they are; by default our newest.
    """
    base = base or workspace.head
    above = workspace.own_commits[: [one.id for one in (*workspace.own_commits, base)].index(base.id)]
    git = git_words(workspace)
    kept = shell.in_turn(f"{git} branch {free_branch(workspace, 'my-work')}", f"{git} reset --keep {base.id[:12]}")
    return Obstacle(
        what,
        f"keep them on a branch: {kept}, then run this again",
        tuple(f"yours: {commit.id[:12]} {commit.subject}" for commit in above[:8]),
    )


def _find_commits_since(workspace: Workspace) -> Iterator[Obstacle]:
    """Yield the commits that the user has made on a switch that is not finished."""
    journal = read_journal(workspace.path) if workspace.interrupted else None
    if journal is None:
        return
    ends = (journal.old, journal.new)
    history = (*workspace.own_commits, workspace.head)
    base = next((commit for commit in history if commit.id in ends), None)
    if base and base is not history[0]:
        what = f"{workspace.path} has your own commits on top of a run that was interrupted"
        yield commits_in_the_way(workspace, what, base)


def _find_activity(workspace: Workspace) -> Iterator[Obstacle]:
    path, what = workspace.path, workspace.operation
    if what:
        undo = "reset" if what == "bisect" else "--abort"
        yield Obstacle(
            f"{path} has an unfinished {what}",
            f"finish it, or stop it with `{git_words(workspace)} {what} {undo}`, then run this again",
        )
    # the lock of NEXT is never the user's: a killed run's is removed with its other leftovers
    locks = [lock for lock in git_locks(path) if lock != path / ".git" / f"{NEXT}.lock"]
    if locks and not workspace.interrupted:
        yield Obstacle(
            f"{locks[0]} exists: git is running in this workspace, or was killed in it",
            f"if no git is running there: `{shell.remove(locks[0])}`, then run this again",
        )


def git_words(workspace: Workspace) -> str:
    """Return how a command of git's for the workspace begins."""
    return f"git -C {shell.quote(workspace.path)}"


def _command_to_switch(workspace: Workspace) -> str:
    if BRANCH in branches(workspace):
        return f"{git_words(workspace)} switch {BRANCH}"
    return f"{git_words(workspace)} switch -c {BRANCH} {workspace.head.id[:12]}"
