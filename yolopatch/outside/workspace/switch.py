"""Move a workspace to another state in one step: first make the commits, then switch to them with a journal.

If yolopatch is killed half-way, the next run reads the journal and finishes the switch. `files/staging.py` alone
could not do this: a switch changes many files, git's index and a branch, and must survive a kill between any two.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from yolopatch.core.text import blob_id
from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.files.staging import is_old, staged
from yolopatch.outside.git.command import Entry, GitError, Repository
from yolopatch.outside.git.snapshot import Root, changed_paths, tree_entries
from yolopatch.outside.workspace.commits import Step, commit_stream, written_entries
from yolopatch.outside.workspace.journal import Journal, journal_file, read_journal, write_journal
from yolopatch.outside.workspace.workspace import LOCKS, NEXT, STAGING, Workspace
from yolopatch.wire import shell

LEFTOVERS = "leftovers of an interrupted run were removed"
_EXECUTABLE = "100755"


def switch(workspace: Workspace, root: Root, steps: Sequence[Step]) -> None:
    """Switch a workspace without user changes to the commits of `steps` on its root.

    Args:
        workspace: the workspace.
        root: its root commit.
        steps: the commits on top of the root.

    Raises:
        ConflictError: a file of the user is in the way; nothing was changed.
    """
    repository = workspace.repository
    before = tree_entries(repository, workspace.head.id)
    after = {**{entry.path: entry for entry in root.entries}, **written_entries(steps)}
    _check_not_hidden(workspace.path, before, after)
    new = _import(repository, root.commit, steps)
    try:
        write_journal(workspace.path, Journal(workspace.head.id, new))
        _finish(workspace.path, before, after, new)
    except (OSError, GitError) as error:
        _undo(workspace, before, after, error)
        raise


def _check_not_hidden(path: Path, before: Mapping[str, Entry], after: Mapping[str, Entry]) -> None:
    """Check for changes that `git status` does not show: untracked files in the way, and edits that git ignores."""
    for name in changed_paths(before, after):
        if name not in before and os.path.lexists(path / name):
            raise ConflictError(
                f"{path / name} is not tracked by git and in the way; nothing was changed",
                hint="move it to another folder, then run this again",
            )
        if name in before and (path / name).is_file() and not _has_content(path / name, before[name].blob):
            raise ConflictError(
                f"{path / name} has changes that git ignores; nothing was changed",
                details=["found: the content differs from the commit, but `git status` shows nothing"],
                hint="copy it; `git update-index --no-assume-unchanged` or `--no-skip-worktree` makes git show it",
            )


def _has_content(file: Path, blob: str) -> bool:
    data = file.read_bytes()
    # a user's core.autocrlf may have changed the line ends; this is not an edit
    return blob in (blob_id(data), blob_id(data.replace(b"\r\n", b"\n")))


def _import(repository: Repository, root: str, steps: Sequence[Step]) -> str:
    """Make the commits in the workspace, without changing its files or branch; return the id of the last one."""
    git_dir = repository.path / ".git"
    before = set(_crash_files(git_dir))
    try:
        repository.run("fast-import", "--quiet", "--force", stdin=commit_stream(NEXT, root, steps))
        return repository.resolve(NEXT)[0]
    except BaseException:  # interrupted, too
        for file in set(_crash_files(git_dir)) - before:
            file.unlink(missing_ok=True)
        raise


def _crash_files(git_dir: Path) -> list[Path]:
    """Return the files that a failed fast-import leaves: its crash report, and an incomplete pack."""
    return [*git_dir.glob("fast_import_crash_*"), *git_dir.glob("objects/pack/tmp_*")]


def _undo(workspace: Workspace, before: Mapping[str, Entry], after: Mapping[str, Entry], error: Exception) -> None:
    try:
        _finish(workspace.path, after, before, workspace.head.id)
    except (OSError, GitError):
        raise YolopatchError(
            f"{workspace.path} was switched only partly: {error}",
            hint="free some space and run the command again: it finishes the switch",
        ) from error


def finish_interrupted(workspace: Workspace) -> str | None:
    """Finish the switch of an interrupted run, if there is one; return a message about it.

    Raises:
        ConflictError: a file of the switch was changed since then.
    """
    path, file = workspace.path, journal_file(workspace.path)
    if not file.exists():
        return LEFTOVERS if _remove_leftovers(workspace) else None
    journal = read_journal(path)
    if journal is None or workspace.head.id not in (journal.old, journal.new):
        # killed while writing the journal, or the user has moved the branch since then: nothing to finish
        file.unlink()
        _remove_leftovers(workspace)
        return "an earlier run was interrupted before it changed anything"
    before = tree_entries(workspace.repository, journal.old) if journal.old else {}
    after = tree_entries(workspace.repository, journal.new)
    _check_unchanged_since(path, before, after)
    for lock in LOCKS:  # of a git that was killed with us
        (path / ".git" / lock).unlink(missing_ok=True)
    if journal.old:
        _finish(path, before, after, journal.new)
    else:
        workspace.repository.run("reset", "--quiet", "--hard", journal.new)
        file.unlink()
    _remove_leftovers(workspace)
    return "an earlier run was interrupted; its changes are finished now"


def _remove_leftovers(workspace: Workspace) -> bool:
    """Remove what a killed run left, apart from the journal; return whether there was anything."""
    git_dir, staging = workspace.path / ".git", workspace.path / STAGING
    reference, lock = git_dir / NEXT, git_dir / f"{NEXT}.lock"
    # only old ones: a git of the user's may be writing a pack
    files = [lock, *(file for file in _crash_files(git_dir) if is_old(file))]
    found = any(left.exists() for left in (staging, reference, *files))
    remove_tree(staging)
    for file in files:
        file.unlink(missing_ok=True)
    if reference.exists():
        workspace.repository.run("update-ref", "-d", NEXT)
    return found


def _finish(path: Path, before: Mapping[str, Entry], after: Mapping[str, Entry], new: str) -> None:
    repository = Repository(path)
    changed = [after[name] for name in changed_paths(before, after) if name in after]
    with_mode = _tracks_modes(repository)
    for entry, data in zip(changed, repository.read_blobs([entry.blob for entry in changed])):
        _write(path / entry.path, data, entry.mode == _EXECUTABLE if with_mode else None)
    for name in before.keys() - after.keys():
        (path / name).unlink(missing_ok=True)
    repository.run("reset", "--quiet", "--mixed", new)
    repository.run("update-ref", "-d", NEXT)
    journal_file(path).unlink(missing_ok=True)


def _tracks_modes(repository: Repository) -> bool:
    """Return whether git sees here that a file is executable; on some file systems, every file is or none."""
    return repository.run("config", "--type=bool", "--default=true", "--get", "core.fileMode").strip() == "true"


def _write(file: Path, data: bytes, executable: bool | None) -> None:
    """Write a file; its other permissions stay. `executable` is None where git does not track it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # always the same name: the run that finishes an interrupted switch replaces what that one left
    with staged(file, file.with_name(f".{file.name}{STAGING}")) as path:
        path.write_bytes(data)
        if file.exists():
            shutil.copymode(file, path)
        if executable is not None:
            _set_executable(path, executable)


def _set_executable(file: Path, executable: bool) -> None:
    mode = stat.S_IMODE(file.stat().st_mode)
    # as git does it: whoever may read the file may execute it
    wanted = mode | (mode & 0o444) >> 2 if executable else mode & ~0o111
    if wanted != mode:
        file.chmod(wanted)


def _check_unchanged_since(path: Path, before: Mapping[str, Entry], after: Mapping[str, Entry]) -> None:
    for name in changed_paths(before, after):
        file = path / name
        allowed = [side[name] for side in (before, after) if name in side]
        if os.path.lexists(file) and not (file.is_file() and any(_has_content(file, one.blob) for one in allowed)):
            raise ConflictError(
                f"{file} was changed after a run was interrupted; nothing was changed",
                hint=f"`{shell.move(file, f'{file}.mine')}`, then run this again",
            )
