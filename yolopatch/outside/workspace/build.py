"""Build a new workspace: in another folder first, then one rename."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.outside.files.folders import move
from yolopatch.outside.files.staging import staging_folder, sweep_parts
from yolopatch.outside.git.command import Repository
from yolopatch.outside.source.store import Pristine
from yolopatch.outside.workspace.commits import Step, commit_stream
from yolopatch.outside.workspace.lock import hold_workspace, make_lock
from yolopatch.outside.workspace.workspace import BRANCH, Workspace, is_occupied, read_new_workspace, read_workspace


class _TakenError(Exception):
    """Another process has put something at the place of a new workspace, since we looked at it."""


@dataclass(frozen=True)
class Built:
    """A new workspace.

    Attributes:
        workspace: as it was made; another process may have changed it since.
        had_leftovers: whether leftovers of an interrupted run were removed first.
    """

    workspace: Workspace
    had_leftovers: bool


def build_workspace(dest: Path, pristine: Pristine, steps: Sequence[Step]) -> Built | None:
    """Make a workspace at `dest`, complete or not at all; None where there is something.

    Several processes may do this at once: each builds in a folder of its own, and the first to end gets the place.
    """
    while not is_occupied(dest):
        with suppress(_TakenError):
            return _build(dest, pristine, steps)
    sweep_parts(dest.parent)  # of a run that was killed right after it had moved the workspace to its place
    return None


def _build(dest: Path, pristine: Pristine, steps: Sequence[Step]) -> Built:
    # an empty folder is kept: it may be a mount point, or the current folder of the user's shell
    inside = dest.is_dir()
    parent = dest if inside else dest.parent
    had_leftovers = sweep_parts(parent)
    made = [folder for folder in dest.parents if not folder.exists()]
    try:
        for folder in reversed(made):
            folder.mkdir(exist_ok=True)  # another process may be first
        with staging_folder(parent, "name a folder on another disk: --dest DIR") as staging:
            built = staging / "workspace"
            built.mkdir()
            _populate(built, pristine, steps)
            workspace = replace(read_new_workspace(built), path=dest)
            if inside:
                _move_into(dest, built)
            else:
                _claim(built, dest)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
    return Built(workspace, had_leftovers)


def _claim(built: Path, place: Path) -> None:
    """Move a folder to its place, unless there is something."""
    try:
        move(built, place)
    except OSError as error:
        if os.path.lexists(place):
            raise _TakenError from error
        raise


def _populate(built: Path, pristine: Pristine, steps: Sequence[Step]) -> None:
    repository = Repository(built)
    repository.run("init", "--quiet", "--template=")
    _name_branch(repository, built / ".git")
    make_lock(built)
    packs = built / ".git" / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    for file in (pristine.repository.path / "objects" / "pack").iterdir():
        shutil.copyfile(file, packs / file.name)
    stream = commit_stream(f"refs/heads/{BRANCH}", pristine.root.commit, steps)
    repository.run("fast-import", "--quiet", "--force", stdin=stream)
    repository.run("reset", "--quiet", "--hard")


def _name_branch(repository: Repository, git: Path) -> None:
    """Let the first commit make our branch; `init` has an option for it from 2.28 on."""
    if (git / "reftable").exists():  # from 2.45 on, where the user's settings say so: no ref is a file
        repository.run("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    else:  # a start of git would take as long as the whole init
        (git / "HEAD").write_bytes(b"ref: refs/heads/%s\n" % BRANCH.encode())


def _move_into(dest: Path, built: Path) -> None:
    """Move the built workspace into an empty folder, its .git first: with the journal, any run can finish this."""
    # imported late: as a rule, there is no folder at the place
    from yolopatch.outside.workspace.journal import Journal, journal_file, write_journal
    from yolopatch.outside.workspace.switch import finish_interrupted

    write_journal(built, Journal(None, Repository(built).resolve("HEAD")[0]))
    _claim(built / ".git", dest / ".git")
    with hold_workspace(dest):
        if not is_occupied(dest, but=".git"):
            _move_files(built, dest)
            journal_file(dest).unlink()
        else:  # another process had the lock first: it has finished this, or was killed
            finish_interrupted(read_workspace(dest))


def _move_files(built: Path, dest: Path) -> None:
    moved: list[str] = []
    try:
        for name in sorted(entry.name for entry in built.iterdir()):
            move(built / name, dest / name)
            moved.append(name)
    except OSError:
        for name in (*moved, ".git"):
            move(dest / name, built / name)
        raise
