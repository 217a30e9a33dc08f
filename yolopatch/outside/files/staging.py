"""Write files so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from yolopatch.outside.files.folders import move
from yolopatch.outside.files.held import held_folder, sweep

_PART = re.compile(r"\.yolopatch-[0-9a-f]{8}(\..+)?")


def is_part(name: str) -> bool:
    """Return whether a file or folder of this name is one of ours that was not finished."""
    return _PART.fullmatch(name) is not None


def sweep_parts(folder: Path) -> bool:
    """Remove the parts in a folder that killed runs left; return whether there were any."""
    return sweep(folder, is_part)


@contextmanager
def staging_folder(folder: Path, elsewhere: str) -> Iterator[Path]:
    """Give an empty folder in a folder, for content that is moved from it to its place when it is complete.

    Args:
        folder: it exists.
        elsewhere: what the user can do where the folder cannot be locked, with a command.

    Raises:
        OSError, YolopatchError: it cannot be made or locked.
    """

    def make() -> Path:
        part = new_part(folder, "")
        part.mkdir()
        return part

    with held_folder(make, elsewhere) as made:
        yield made


def new_part(folder: Path, suffix: str = ".part") -> Path:
    """Return a new path in the folder, for content that is moved to its place when it is complete.

    What killed runs left there is removed.
    """
    sweep_parts(folder)
    # a short name: the file's own name may be as long as the file system allows
    return folder / f".yolopatch-{secrets.token_hex(4)}{suffix}"


def write_whole(file: Path, data: bytes, mode: int | None = None) -> None:
    """Write one file.

    Args:
        file: its folder exists.
        data: the content.
        mode: the permissions; None for the user's usual ones.

    Raises:
        OSError: the file cannot be written; nothing was changed.
    """
    with staged(file, new_part(file.parent)) as path:
        _write_new(path, data)
        if mode is not None:
            path.chmod(mode)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files in this order, all of them or none. Missing folders are made.

    It protects against errors, not against a kill between two files: `workspace/switch.py` has a journal for that. So
    the file by which the others are found comes last.

    Raises:
        OSError: a file cannot be written; every file is as it was before.
    """
    with ExitStack() as ending, ExitStack() as undo:
        parts = {file: _stage(file, data, undo) for file, data in contents.items()}
        # all space is taken before the first file changes: a full disk keeps nothing from being put back
        before = {file: _copy(file, ending) for file in contents if file.exists()}
        for file, part in parts.items():
            move(part, file)
            undo.callback(_put_back, file, before.get(file))
        undo.pop_all()


def remove_all(files: Sequence[Path]) -> None:
    """Remove several files in this order, all of them or none. The file by which the others are found comes last.

    Raises:
        OSError: a file cannot be removed; every file is there as before.
    """
    with ExitStack() as undo:
        parts = {file: new_part(file.parent) for file in files}
        for file, part in parts.items():
            move(file, part)
            undo.callback(move, part, file)
        undo.pop_all()
    for part in parts.values():
        with suppress(OSError):  # it has no name any more that anybody reads, and a later run sweeps it
            part.unlink()


@contextmanager
def staged(file: Path, path: Path | None = None) -> Iterator[Path]:
    """Give a path next to the file, to write the new content; it replaces the file when the block ends well.

    Args:
        file: its folder exists.
        path: the path to give. By default a new name with the file's suffix, because some programs choose the
            format by the suffix.

    Raises:
        OSError: the file cannot be written; nothing was changed.
    """
    path = path or new_part(file.parent, file.suffix)
    try:
        yield path
        move(path, file)
    finally:
        path.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)


def _stage(file: Path, data: bytes, undo: ExitStack) -> Path:
    for folder in reversed([folder for folder in file.parents if not folder.exists()]):
        folder.mkdir()
        undo.callback(folder.rmdir)
    part = new_part(file.parent)
    undo.callback(part.unlink, missing_ok=True)
    _write_new(part, data)
    return part


def _copy(file: Path, ending: ExitStack) -> Path:
    copy = new_part(file.parent)
    ending.callback(copy.unlink, missing_ok=True)
    shutil.copy2(file, copy)
    return copy


def _put_back(file: Path, copy: Path | None) -> None:
    if copy is None:
        file.unlink(missing_ok=True)
    else:
        move(copy, file)
