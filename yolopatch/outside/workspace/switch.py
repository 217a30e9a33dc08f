"""Move a workspace to another state in one step: first make the commits, then switch to them with a journal.

If yolopatch is killed half-way, the next run reads the journal and finishes the switch. `files/staging.py` alone
could not do this: a switch changes many files, git's index and a branch, and must survive a kill between any two.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.files.held import is_old
from yolopatch.outside.files.staging import LEFTOVERS, staged, sweep_parts
from yolopatch.outside.git.command import Entry, GitError, Repository
from yolopatch.outside.git.snapshot import Root, changed_paths, tree_entries
from yolopatch.outside.workspace.commits import Step
from yolopatch.outside.workspace.journal import Journal, journal_file, read_journal, write_journal
from yolopatch.outside.workspace.make_commits import Made, crash_files, make_commits
from yolopatch.outside.workspace.obstacles import Obstacle, find_changed_since, find_hidden
from yolopatch.outside.workspace.replay import Replay
from yolopatch.outside.workspace.workspace import NEXT, Workspace, git_locks

_EXECUTABLE = "100755"
_STAGED = ".yolopatch-new"  # the suffix of files that replace those of the work tree
_NO_COMMIT = "0" * 40  # git's word for: the branch must not be there


def switch(workspace: Workspace, root: Root, steps: Sequence[Step], replay: Replay) -> Made:
    """Switch a workspace to the commits of `steps` on its root, and the user's commits on them.

    Args:
        workspace: the workspace; it has no changes that are not committed.
        root: its root commit.
        steps: the commits on top of the root.
        replay: the user's commits on those; all of them.

    Raises:
        ConflictError: a file of the user is in the way; nothing was changed.
    """
    repository = workspace.repository
    before, after = tree_entries(repository, workspace.tip.id), replay.entries
    _require_none(find_hidden(workspace.path, before, changed_paths(before, after)))
    made = make_commits(repository, root.commit, steps, replay)
    try:
        write_journal(workspace.path, Journal(workspace.tip.id, made.tip))
        _finish(workspace.path, before, after, made.tip)
    except (OSError, GitError) as error:
        _undo(workspace, before, after, error)
        raise
    return made


def leave_on_branch(workspace: Workspace, root: Root, steps: Sequence[Step], replay: Replay, branch: str) -> Made:
    """Make the commits as `switch` does, as far as the replay goes, and leave them on a new branch.

    The checked-out branch and the files stay as they are.

    Raises:
        GitError: the branch exists, or cannot be made; nothing was changed.
    """
    repository = workspace.repository
    made = make_commits(repository, root.commit, steps, replay)
    try:
        repository.run("update-ref", "--create-reflog", f"refs/heads/{branch}", made.tip, _NO_COMMIT)
    finally:
        repository.run("update-ref", "-d", NEXT)
    return made


def _undo(workspace: Workspace, before: Mapping[str, Entry], after: Mapping[str, Entry], error: Exception) -> None:
    try:
        _finish(workspace.path, after, before, workspace.tip.id)
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
    if journal is None or workspace.tip.id not in (journal.old, journal.new):
        # killed while writing the journal, or the user has moved the branch since then: nothing to finish
        file.unlink()
        _remove_leftovers(workspace)
        return "an earlier run was interrupted before it changed anything"
    before, after = _states(workspace, journal)
    _require_none(find_changed_since(path, before, after))
    for lock in git_locks(path):  # of a git that was killed with us
        lock.unlink(missing_ok=True)
    if journal.old:
        _finish(path, before, after, journal.new)
    else:
        workspace.repository.run("reset", "--quiet", "--hard", journal.new)
        file.unlink()
    _remove_leftovers(workspace)
    return "an earlier run was interrupted; its changes are finished now"


def find_interrupted(workspace: Workspace) -> list[Obstacle]:
    """Return what keeps `finish_interrupted` from finishing a switch; empty where there is nothing to finish, too."""
    journal = read_journal(workspace.path) if workspace.interrupted else None
    if journal is None or workspace.tip.id not in (journal.old, journal.new):
        return []
    return list(find_changed_since(workspace.path, *_states(workspace, journal)))


def _states(workspace: Workspace, journal: Journal) -> tuple[dict[str, Entry], dict[str, Entry]]:
    old = tree_entries(workspace.repository, journal.old) if journal.old else {}
    return old, tree_entries(workspace.repository, journal.new)


def _require_none(obstacles: Iterable[Obstacle]) -> None:
    for obstacle in obstacles:
        raise obstacle.error()


def _remove_leftovers(workspace: Workspace) -> bool:
    """Remove what a killed run left, apart from the journal; return whether there was anything."""
    git_dir = workspace.path / ".git"
    reference, lock = git_dir / NEXT, git_dir / f"{NEXT}.lock"
    # only old ones: a git of the user's may be writing a pack
    files = [lock, *(file for file in crash_files(git_dir) if is_old(file))]
    found = any(left.exists() for left in (reference, *files))
    for folder in (workspace.path, workspace.path.parent):  # where a workspace is built
        found |= sweep_parts(folder)
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
    with staged(file, file.with_name(f".{file.name}{_STAGED}")) as path:
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
