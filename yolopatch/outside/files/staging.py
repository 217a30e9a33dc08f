"""Write files so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path


def write_whole(file: Path, data: bytes, mode: int | None = None) -> None:
    """Write one file.

    Args:
        file: its folder exists.
        data: the content.
        mode: the permissions; None for the user's usual ones.

    Raises:
        OSError: the file cannot be written; nothing was changed.
    """
    with staged(file, _part(file)) as path:
        _write_new(path, data)
        if mode is not None:
            path.chmod(mode)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files, all of them or none. Missing folders are made.

    It protects against errors, not against a kill between two files: `workspace/switch.py` has a journal for that.

    Raises:
        OSError: a file cannot be written; every file is as it was before.
    """
    with ExitStack() as undo:
        parts = {file: _stage(file, data, undo) for file, data in contents.items()}
        for file, part in parts.items():
            before = file.read_bytes() if file.exists() else None
            os.replace(part, file)
            undo.callback(_put_back, file, before)
        undo.pop_all()


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
    path = path or _part(file, file.suffix)
    try:
        yield path
        os.replace(path, file)
    finally:
        path.unlink(missing_ok=True)


def _part(file: Path, suffix: str = ".part") -> Path:
    # a short name: the file's own name may be as long as the file system allows
    return file.with_name(f".{secrets.token_hex(4)}{suffix}")


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)


def _stage(file: Path, data: bytes, undo: ExitStack) -> Path:
    for folder in reversed([folder for folder in file.parents if not folder.exists()]):
        folder.mkdir()
        undo.callback(folder.rmdir)
    part = _part(file)
    undo.callback(part.unlink, missing_ok=True)
    _write_new(part, data)
    return part


def _put_back(file: Path, before: bytes | None) -> None:
    if before is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(before)
