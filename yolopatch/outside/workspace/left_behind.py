"""What of the user's names commits as they were before they were replayed: it stays, and the user is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yolopatch.outside.workspace.user_changes import git_words
from yolopatch.outside.workspace.workspace import BRANCH, Workspace
from yolopatch.wire import shell

_SHOWN = 8


def left_behind(workspace: Workspace, replayed: Mapping[str, str]) -> Iterator[str]:
    """Yield a note for the branches and tags, and one for the notes, that belong to the commits of before.

    Args:
        workspace: the workspace, as it was before.
        replayed: the new ids of the user's commits by the old ones, oldest first.

    Raises:
        GitError: the workspace is damaged.
    """
    moved = {old: new for old, new in replayed.items() if old != new}
    if not moved:
        return
    names = list(_references(workspace, next(iter(moved))))
    if names:
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        yield f"still at your commits as they were before: {shown}"
    for reference, noted in _notes(workspace, moved).items():
        copies = "; ".join(f"{git_words(workspace)} notes --ref={reference} copy {old} {moved[old]}" for old in noted)
        yield f"your notes ({reference}) stay at the commits of before; to have them at the new ones: {copies}"


def _references(workspace: Workspace, commit: str) -> Iterator[str]:
    lines = workspace.repository.run(
        "for-each-ref", f"--contains={commit}", "--format=%(refname)", "refs/heads", "refs/tags"
    )
    for line in lines.splitlines():
        _, kind, name = line.split("/", 2)
        if line != f"refs/heads/{BRANCH}":
            yield f"the {'tag' if kind == 'tags' else 'branch'} {name}"


def _notes(workspace: Workspace, commits: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the commits that have notes, by the name of the notes."""
    repository = workspace.repository
    found = {}
    for reference in repository.run("for-each-ref", "--format=%(refname)", "refs/notes").split():
        # git spreads them over folders when there are many
        noted = {entry.path.replace("/", "") for entry in repository.entries(reference)}
        name = shell.quote(reference.removeprefix("refs/notes/"))
        if mine := [commit for commit in commits if commit in noted]:
            found[name] = mine
    return found
