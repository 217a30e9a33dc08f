"""Check that a workspace is as yolopatch left it, or say what is in the way and the command that saves it."""

from __future__ import annotations

import shlex

from yolopatch.errors import ConflictError
from yolopatch.outside.workspace.workspace import BRANCH, LOCKS, Workspace


def check_no_user_changes(workspace: Workspace) -> None:
    """Check that nothing of the user's would be lost by moving the workspace to another state.

    What an interrupted switch left half-way is not the user's: it must be finished, then checked again.

    Raises:
        ConflictError: says what is in the way and the command that saves it.
    """
    _check_git_idle(workspace)
    path, here = workspace.path, _git(workspace)
    if workspace.edited and not workspace.interrupted:
        raise ConflictError(
            f"{path} has changes that are not committed; nothing was changed",
            details=[f"changed: {name}" for name in workspace.edited[:8]],
            hint=f"keep them with `{here} stash`, or on a branch of your own, then run this again",
        )
    if workspace.branch != BRANCH:
        where = f"on the branch {workspace.branch}" if workspace.branch else "on no branch (detached HEAD)"
        raise ConflictError(
            f"{path} is {where}, not on yolopatch's own; nothing was changed",
            hint=f"`{_command_to_switch(workspace)}`, then run this again; your commits stay where they are",
        )
    if workspace.own_commits:
        keep = _free_branch(workspace)
        raise ConflictError(
            f"{path} has commits of your own on top; nothing was changed",
            details=[f"yours: {commit.id[:12]} {commit.subject}" for commit in workspace.own_commits[:8]],
            hint=f"keep them on a branch: `{here} branch {keep} && {here} reset --keep {workspace.head.id[:12]}`, "
            f"then run this again and rebase {keep}",
        )


def _check_git_idle(workspace: Workspace) -> None:
    path, what = workspace.path, workspace.operation
    if what:
        undo = "reset" if what == "bisect" else "--abort"
        raise ConflictError(
            f"{path} is in the middle of a {what} of yours; nothing was changed",
            hint=f"end it, or give it up with `{_git(workspace)} {what} {undo}`, then run this again",
        )
    locks = [path / ".git" / lock for lock in LOCKS if (path / ".git" / lock).exists()]
    if locks and not workspace.interrupted:
        raise ConflictError(
            f"{locks[0]} is there: git is at work in this workspace, or was killed in it; nothing was changed",
            hint=f"when no git runs there: `rm {shlex.quote(str(locks[0]))}`, then run this again",
        )


def _git(workspace: Workspace) -> str:
    return f"git -C {shlex.quote(str(workspace.path))}"


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
