"""Write files so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from yolopatch.errors import ConflictError
from yolopatch.outside.files.folders import move, remove_tree
from yolopatch.outside.files.held import held_folder, sweep

LEFTOVERS = "leftovers of an interrupted run were removed"
"""What the user is told where `sweep_parts` has found some."""

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
    return folder / f".yolopatch-{os.urandom(4).hex()}{suffix}"


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


def write_all(contents: Mapping[Path, bytes], *, overwrite: bool = True) -> None:
    """Write several files in this order, all of them or none. Missing folders are made.

    A folder that is missing gets its name when everything in it is written, so that a kill leaves all of it or none.
    Between files of folders that are there, it protects against errors, not against a kill: `workspace/switch.py` has a
    journal for that. So the file by which the others are found comes last.

    Args:
        contents: of each file its content.
        overwrite: whether files that exist are replaced.

    Raises:
        ConflictError: a file exists and may not be replaced; nothing was changed.
        OSError: a file cannot be written; every file is as it was before.
    """
    while not _are_written(contents, overwrite):
        continue  # another process has just made the folder: now it is one that is there


def _are_written(contents: Mapping[Path, bytes], overwrite: bool) -> bool:
    """Write files as `write_all`; return False, with nothing changed, where a missing folder was made meanwhile."""
    taken = next((file for file in contents if file.exists()), None)
    if taken and not overwrite:
        raise ConflictError(
            f"{taken} already exists; nothing was changed", hint="name another file, or add --overwrite"
        )
    with ExitStack() as ending, ExitStack() as undo:
        parts = {place: _stage(place, files, undo) for place, files in _by_place(contents).items()}
        # all space is taken before the first file changes: a full disk keeps nothing from being put back
        before = {file: _copy(file, ending) for file in contents if file.is_file()}
        for place, part in parts.items():
            try:
                move(part, place)
            except OSError:
                if part.is_dir() and place.is_dir():
                    return False
                raise
            undo.callback(_put_back, place, before.get(place))
        undo.pop_all()
    return True


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


def _by_place(contents: Mapping[Path, bytes]) -> dict[Path, dict[Path, bytes]]:
    """Return what gets its name in one piece: a file, or a missing folder, which comes where its last file would."""
    found: dict[Path, dict[Path, bytes]] = {}
    for file, data in contents.items():
        missing = [folder for folder in file.parents if not folder.exists()]
        place = missing[-1] if missing else file
        files = found.pop(place, {})
        files[file] = data
        found[place] = files
    return found


def _stage(place: Path, files: Mapping[Path, bytes], undo: ExitStack) -> Path:
    """Write a file, or the files of a missing folder, at a new path beside their place."""
    while True:
        part = new_part(place.parent)
        undo.callback(_put_back, part, None)
        try:
            for file, data in files.items():
                path = part / file.relative_to(place)
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_new(path, data)
            return part
        except FileNotFoundError:
            # another run has just removed the new folder, as it was still empty and looked left
            if part.parent.is_dir() and place not in files:
                continue
            raise


def _copy(file: Path, ending: ExitStack) -> Path:
    copy = new_part(file.parent)
    ending.callback(copy.unlink, missing_ok=True)
    shutil.copy2(file, copy)
    return copy


def _put_back(place: Path, copy: Path | None) -> None:
    if copy is not None:
        move(copy, place)
    elif place.is_dir():
        remove_tree(place)
    else:
        place.unlink(missing_ok=True)
