"""Folders as mappings of paths to contents: how they are sent, and written again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from yolopatch.errors import YolopatchError


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its path there with slashes; links are followed."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder.

    Raises:
        YolopatchError: a path leads out of the folder; nothing was written.
        OSError: one cannot be written.
    """
    places = {_inside(folder, name): data for name, data in files.items()}
    for file, data in places.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts:
        raise YolopatchError(f"a file was sent with a path that leaves its folder: {name!r}; nothing was written")
    return folder.joinpath(*path.parts)
