"""A fork in a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.fork.listing import (
    CLOSED_FOLDERS,
    ENVIRONMENTS,
    LARGEST,
    LINKS,
    NAMELESS,
    Listing,
    check_count,
    not_read,
)

_ENVIRONMENT = "pyvenv.cfg"  # a folder with this file is a virtual environment


@dataclass(frozen=True)
class Folder:
    """A folder with the fork's files. Links in it are not followed."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def listing(self) -> Listing:
        """Return its files, without what lies in `.git` and in virtual environments.

        Raises:
            YolopatchError: there are too many.
            OSError: the folder cannot be read.
        """
        sizes: dict[str, int] = {}
        left_out: Counter[str] = Counter()
        todo = [self.path]
        while todo:
            folder = todo.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except PermissionError:
                if folder == self.path:
                    raise
                left_out[CLOSED_FOLDERS] += 1
                continue
            if folder != self.path and any(entry.name == _ENVIRONMENT for entry in entries):
                left_out[ENVIRONMENTS] += 1
                continue
            for entry in entries:
                if entry.is_symlink():
                    left_out[LINKS] += 1
                elif not _is_text(entry.name):
                    left_out[NAMELESS] += 1
                elif entry.is_dir():
                    todo += [Path(entry.path)] if entry.name != ".git" else []
                elif entry.is_file():
                    sizes[Path(entry.path).relative_to(self.path).as_posix()] = entry.stat().st_size
            check_count(len(sizes), self.path)
        return Listing(sizes, not_read(left_out))

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of these files."""
        found = {path: self._content(path) for path in paths}
        return {path: data for path, data in found.items() if data is not None}

    def _content(self, path: str) -> bytes | None:
        """Return a file's content; None for one that is gone, may not be read, or has grown meanwhile."""
        try:
            with (self.path / path).open("rb") as stream:
                data = stream.read(LARGEST + 1)
        except OSError:
            return None
        return data if len(data) <= LARGEST else None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
