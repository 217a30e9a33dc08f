"""The branches of a workspace, and names for new ones."""

from __future__ import annotations

from collections.abc import Iterable

from yolopatch.errors import ConflictError, UsageError
from yolopatch.outside.git.command import GitError
from yolopatch.outside.workspace.workspace import Workspace


def branches(workspace: Workspace) -> list[str]:
    """Return the names of all branches."""
    return workspace.repository.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()


def free_branch(workspace: Workspace, name: str) -> str:
    """Return a name for a new branch: this one, or this one with a number."""
    taken = branches(workspace)
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if _in_the_way(one, taken) is None)


def check_new_branch(workspace: Workspace, branch: str) -> None:
    """Check that a branch of this name can be made.

    Raises:
        UsageError: git takes no such name.
        ConflictError: there is one, or one that git cannot have beside it.
    """
    # git has references of these names, and takes them for something else where a branch is named
    if branch.startswith("-") or branch == "HEAD" or not _is_reference(workspace, f"refs/heads/{branch}"):
        raise UsageError(
            f"git takes no branch of the name {branch!r}", hint="give the name of a new branch: --into by-hand"
        )
    taken = _in_the_way(branch, branches(workspace))
    if taken:
        raise ConflictError(
            f"{workspace.path} has a branch {taken} already, so --into {branch} cannot make one; nothing was changed",
            hint=f"give another name: --into {free_branch(workspace, 'by-hand')}",
        )


def _is_reference(workspace: Workspace, name: str) -> bool:
    try:
        workspace.repository.run("check-ref-format", name)
    except GitError:
        return False
    return True


def _in_the_way(branch: str, taken: Iterable[str]) -> str | None:
    """Return the branch that is in the way of a new one: git keeps a branch as a file and its parts as folders."""
    return next((one for one in taken if f"{branch}/".startswith(f"{one}/") or one.startswith(f"{branch}/")), None)
