"""Check that a workspace has no changes of the user; if it has, say which, and the command that saves them."""

from __future__ import annotations

from collections.abc import Iterator

from yolopatch.outside.workspace.obstacles import Obstacle
from yolopatch.outside.workspace.workspace import BRANCH, LOCKS, NEXT, Workspace
from yolopatch.wire import shell


def check_no_user_changes(workspace: Workspace) -> None:
    """Check that a switch would lose no changes of the user.

    The changes of an interrupted switch are not the user's: finish the switch, then check again.

    Raises:
        ConflictError: there are changes; it names the command that saves them.
    """
    for obstacle in find_changes(workspace):
        raise obstacle.error()


def find_changes(workspace: Workspace) -> Iterator[Obstacle]:
    """Yield the changes of the user that git shows, the one to save first first."""
    yield from _find_activity(workspace)
    path, git = workspace.path, _git(workspace)
    if workspace.edited and not workspace.interrupted:
        # git saves neither a conflict nor a file of which it knows the name alone
        stash = f"{git} add -u && {git} stash" if workspace.half_added else f"{git} stash"
        yield Obstacle(
            f"{path} has changes that are not committed",
            f"keep them with `{stash}`, or commit them on your own branch, then run this again",
            tuple(f"changed: {name}" for name in workspace.edited[:8]),
        )
    if workspace.branch != BRANCH:
        where = f"on the branch {workspace.branch}" if workspace.branch else "on no branch (detached HEAD)"
        # git forgets commits without a branch
        keep = f"{git} branch {_free_branch(workspace)} && " if not workspace.branch and workspace.own_commits else ""
        yield Obstacle(
            f"{path} is {where}, not on the branch {BRANCH}",
            f"`{keep}{_command_to_switch(workspace)}`, then run this again; your commits are kept",
        )
    elif workspace.own_commits:
        name = _free_branch(workspace)
        yield Obstacle(
            f"{path} has your own commits on top",
            f"keep them on a branch: `{git} branch {name} && {git} reset --keep {workspace.head.id[:12]}`, "
            f"then run this again and rebase {name}",
            tuple(f"yours: {commit.id[:12]} {commit.subject}" for commit in workspace.own_commits[:8]),
        )


def _find_activity(workspace: Workspace) -> Iterator[Obstacle]:
    path, what = workspace.path, workspace.operation
    if what:
        undo = "reset" if what == "bisect" else "--abort"
        yield Obstacle(
            f"{path} has an unfinished {what}",
            f"finish it, or stop it with `{_git(workspace)} {what} {undo}`, then run this again",
        )
    # the lock of NEXT is never the user's: a killed run's is removed with its other leftovers
    locks = [path / ".git" / lock for lock in LOCKS if lock != f"{NEXT}.lock" and (path / ".git" / lock).exists()]
    if locks and not workspace.interrupted:
        yield Obstacle(
            f"{locks[0]} exists: git is running in this workspace, or was killed in it",
            f"if no git is running there: `{shell.remove(locks[0])}`, then run this again",
        )


def _git(workspace: Workspace) -> str:
    return f"git -C {shell.quote(workspace.path)}"


def _branches(workspace: Workspace) -> list[str]:
    return workspace.repository.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()


def _command_to_switch(workspace: Workspace) -> str:
    if BRANCH in _branches(workspace):
        return f"{_git(workspace)} switch {BRANCH}"
    return f"{_git(workspace)} switch -c {BRANCH} {workspace.head.id[:12]}"


def _free_branch(workspace: Workspace) -> str:
    taken = _branches(workspace)
    names = ("my-work", *(f"my-work-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
