"""Build a new workspace: in another folder first, then one rename."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from yolopatch.outside.files.folders import move, remove_tree
from yolopatch.outside.git.command import Repository
from yolopatch.outside.git.snapshot import PRISTINE
from yolopatch.outside.workspace.commits import Step, commit_stream
from yolopatch.outside.workspace.journal import Journal, journal_file, write_journal
from yolopatch.outside.workspace.workspace import BRANCH, STAGING, staging_name


def build_workspace(dest: Path, pristine: Repository, steps: Sequence[Step]) -> bool:
    """Make a workspace at `dest`, complete or not at all.

    Returns:
        whether leftovers of an interrupted run were removed first.
    """
    # an empty folder is kept: it may be a mount point, or the current folder of the user's shell
    staging = dest / STAGING if dest.is_dir() else dest.with_name(staging_name(dest))
    had_leftovers = staging.exists()
    remove_tree(staging)
    made = [folder for folder in dest.parents if not folder.exists()]
    try:
        staging.mkdir(parents=True)
        _populate(staging, pristine, steps)
        if dest.is_dir():
            _move_into(dest, staging)
        else:
            move(staging, dest)
    except BaseException:
        remove_tree(staging)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise
    return had_leftovers


def _populate(staging: Path, pristine: Repository, steps: Sequence[Step]) -> None:
    repository = Repository(staging)
    repository.run("init", "--quiet", "--template=")
    repository.run("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")  # init has an option for it from 2.28 on
    packs = staging / ".git" / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    for file in (pristine.path / "objects" / "pack").iterdir():
        shutil.copyfile(file, packs / file.name)
    (root,) = pristine.resolve(PRISTINE)
    repository.run("fast-import", "--quiet", "--force", stdin=commit_stream(f"refs/heads/{BRANCH}", root, steps))
    repository.run("reset", "--quiet", "--hard")


def _move_into(dest: Path, staging: Path) -> None:
    """Move the built workspace into its parent folder, the journal first: with it, the next run can finish this."""
    write_journal(staging, Journal(None, Repository(staging).resolve("HEAD")[0]))
    names = sorted((entry.name for entry in staging.iterdir()), key=lambda name: name != ".git")
    moved: list[str] = []
    try:
        for name in names:
            move(staging / name, dest / name)
            moved.append(name)
    except OSError:
        for name in moved:
            move(dest / name, staging / name)
        raise
    journal_file(dest).unlink()
    staging.rmdir()
