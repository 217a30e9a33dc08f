"""Move a workspace to another state in one step: everything is made first, then switched to.

A new workspace is built beside its place and renamed into it. An existing one is switched under a
journal: killed half-way, the next run reads the journal and finishes the switch.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import ConflictError
from yolopatch.outside.git import Entry, Repository
from yolopatch.outside.snapshot import (
    AUTHOR_EMAIL,
    AUTHOR_NAME,
    EPOCH,
    PRISTINE,
    fast_import_data,
)
from yolopatch.outside.workspace import BRANCH, JOURNAL, Workspace

_NEXT = "refs/yolopatch/next"


@dataclass(frozen=True)
class Step:
    """One commit to make: its message and the files that it changes (None deletes one)."""

    message: str
    files: Mapping[str, str]


def build_new(dest: Path, pristine: Repository, steps: Sequence[Step]) -> bool:
    """Make a workspace at `dest`, whole or not at all.

    Returns:
        whether the left-overs of an interrupted earlier run were removed first.
    """
    staging = dest.parent / f".{dest.name}.yolopatch-new"
    had_leftover = staging.exists()
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        _populate(staging, pristine, steps)
        os.replace(staging, dest)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return had_leftover


def _populate(staging: Path, pristine: Repository, steps: Sequence[Step]) -> None:
    repository = Repository(staging)
    repository.run("init", "--quiet", "--template=", "--object-format=sha1", f"--initial-branch={BRANCH}")
    packs = staging / ".git" / "objects" / "pack"
    packs.mkdir(exist_ok=True)
    for file in (pristine.path / "objects" / "pack").iterdir():
        shutil.copyfile(file, packs / file.name)
    (root,) = pristine.resolve(PRISTINE)
    repository.run("fast-import", "--quiet", "--force", stdin=_stream(f"refs/heads/{BRANCH}", root, steps))
    repository.run("reset", "--quiet", "--hard")


def _stream(ref: str, root: str, steps: Sequence[Step]) -> bytes:
    """Return the fast-import stream that puts `steps` on `root` at `ref`."""
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {EPOCH} +0000"
    parts = [f"reset {ref}\nfrom {root}\n\n".encode()]
    for step in steps:
        parts.append(f"commit {ref}\nauthor {who}\ncommitter {who}\n".encode())
        parts.append(fast_import_data(step.message.encode()))
        for path in sorted(step.files):
            parts.append(b"M 100644 inline %s\n" % path.encode() + fast_import_data(step.files[path].encode()))
    return b"".join(parts)


def switch(workspace: Workspace, steps: Sequence[Step]) -> None:
    """Move an untouched workspace to the state that `steps` on its root make.

    Raises:
        ConflictError: a file of the user's, which git does not track, is in the way; nothing changed.
    """
    repository = workspace.repository
    repository.run("fast-import", "--quiet", "--force", stdin=_stream(_NEXT, workspace.root.id, steps))
    (new,) = repository.resolve(_NEXT)
    before, after = _by_path(repository, workspace.head.id), _by_path(repository, new)
    in_the_way = [path for path in after if path not in before and (workspace.path / path).exists()]
    if in_the_way:
        raise ConflictError(
            f"{workspace.path / in_the_way[0]} is yours and in the way; nothing was changed",
            hint="move it out of the way, then run this again",
        )
    _journal(workspace.path).write_text(json.dumps({"from": workspace.head.id, "to": new}))
    _finish(workspace.path, before, after, new)


def finish_interrupted(path: Path) -> str | None:
    """Finish a switch that an earlier run began, if there is one; return a note about it.

    Raises:
        ConflictError: a file that the switch concerns was changed since.
    """
    journal = _journal(path)
    if not journal.exists():
        return None
    repository = Repository(path)
    try:
        states = json.loads(journal.read_text())
    except ValueError:  # killed while writing the journal: the switch itself had not begun
        journal.unlink()
        return "an earlier run was interrupted before it changed anything"
    before, after = _by_path(repository, states["from"]), _by_path(repository, states["to"])
    _check_unchanged_since(path, repository, before, after)
    (path / ".git" / "index.lock").unlink(missing_ok=True)  # of the git that was killed with us
    _finish(path, before, after, states["to"])
    return "an earlier run was interrupted; what it had begun is finished"


def _journal(path: Path) -> Path:
    return path / ".git" / JOURNAL


def _by_path(repository: Repository, commit: str) -> dict[str, Entry]:
    return {entry.path: entry for entry in repository.entries(commit)}


def _finish(path: Path, before: Mapping[str, Entry], after: Mapping[str, Entry], new: str) -> None:
    repository = Repository(path)
    changed = [p for p in after if after[p] != before.get(p)]
    for name, data in zip(changed, repository.read_blobs([after[p].blob for p in changed])):
        _write(path / name, data)
    for name in before.keys() - after.keys():
        (path / name).unlink(missing_ok=True)
    repository.run("reset", "--quiet", "--mixed", new)
    repository.run("update-ref", "-d", _NEXT)
    _journal(path).unlink()


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}.yolopatch-new")
    try:
        staging.write_bytes(data)
        if file.exists():
            shutil.copymode(file, staging)
        os.replace(staging, file)
    finally:
        staging.unlink(missing_ok=True)


def _check_unchanged_since(
    path: Path, repository: Repository, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> None:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        allowed = {side[name].blob if name in side else None for side in (before, after)}
        found = repository.run("hash-object", "--no-filters", name).strip() if (path / name).is_file() else None
        if found not in allowed:
            raise ConflictError(
                f"{path / name} was changed after a run was interrupted; nothing was changed",
                hint=f"keep a copy of it elsewhere, `git -C {path} checkout HEAD -- {name}`, then run this again",
            )
