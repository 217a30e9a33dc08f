"""What of the user's is in the way of a change of a workspace, and is not shown by `git status`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.text import blob_id
from yolopatch.errors import ConflictError
from yolopatch.outside.git.command import Entry
from yolopatch.outside.git.snapshot import changed_paths
from yolopatch.wire import shell

_AGAIN = "then run this again"


@dataclass(frozen=True)
class Obstacle:
    """One reason for which `apply` and `remove` leave a workspace as it is: what it is, and what the user does."""

    what: str
    hint: str
    details: tuple[str, ...] = ()

    def error(self, **facts: object) -> ConflictError:
        """Return it as the error of a command that changed nothing, with these facts for programs."""
        return ConflictError(f"{self.what}; nothing was changed", details=self.details, hint=self.hint, facts=facts)


def find_hidden(path: Path, before: Mapping[str, Entry], names: Iterable[str]) -> Iterator[Obstacle]:
    """Yield the changes that `git status` does not show: untracked files in the way, and edits that git ignores.

    Args:
        path: the workspace.
        before: its committed files, by path.
        names: the files that may be written or removed.
    """
    for name in names:
        file = path / name
        if name not in before and os.path.lexists(file):
            yield Obstacle(f"{file} is not tracked by git and in the way", _move_away(file))
        if name in before and file.is_file() and not has_content(file, before[name].blob):
            git = f"git -C {shell.quote(path)} update-index"
            flags = ("--no-assume-unchanged", "--no-skip-worktree")  # git takes one of them at a time
            shown = shell.in_turn(*(f"{git} {flag} {shell.quote(name)}" for flag in flags))
            yield Obstacle(
                f"{file} has changes that git ignores",
                f"let git show it: {shown}, {_AGAIN}",
                ("found: the content differs from the commit, but `git status` shows nothing",),
            )


def find_changed_since(path: Path, before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[Obstacle]:
    """Yield the files that were changed after a switch between these two states was interrupted."""
    for name in changed_paths(before, after):
        file = path / name
        allowed = [side[name] for side in (before, after) if name in side]
        if os.path.lexists(file) and not (file.is_file() and any(has_content(file, one.blob) for one in allowed)):
            yield Obstacle(f"{file} was changed after a run was interrupted", _move_away(file))


def has_content(file: Path, blob: str) -> bool:
    """Return whether a file has the content of a blob; for git, the content of a link is where it leads."""
    data = os.fsencode(os.readlink(file)) if file.is_symlink() else file.read_bytes()
    # a user's core.autocrlf may have changed the line ends; this is not an edit
    return blob in (blob_id(data), blob_id(data.replace(b"\r\n", b"\n")))


def _move_away(file: Path) -> str:
    return f"`{shell.move(file, f'{file}.mine')}`, {_AGAIN}"
