"""A fork in a zip archive."""

from __future__ import annotations

import errno
import stat
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import SourceError
from yolopatch.outside.fork.listing import LINKS, Listing, check_count, check_names, not_read
from yolopatch.outside.source.archive import DAMAGED, read_entry

_ENCRYPTED = 0x1  # of an entry's flags


@dataclass(frozen=True)
class ZipFile:
    """A zip archive, read in memory; no entry of it is trusted."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def listing(self) -> Listing:
        """Return its files."""
        with self._open() as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
        check_count(len(entries), self.path)
        links = [info for info in entries if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG)]
        files = [info for info in entries if info not in links]
        check_names(map(_path, files), self.path)
        if any(info.flag_bits & _ENCRYPTED for info in files):
            raise SourceError(f"{self.path} is encrypted", hint="unpack it with its password, and name the folder")
        return Listing({_path(info): info.file_size for info in files}, not_read({LINKS: len(links)}))

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of these files."""
        with self._open() as archive:
            chosen = {_path(info): info for info in archive.infolist() if _path(info) in paths}
            return {path: read_entry(archive, info) for path, info in chosen.items()}

    @contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except (*DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # a place before its start
                raise
            raise SourceError(f"{self.path} is not a readable archive: {error}", hint="download it again") from error


def _path(info: zipfile.ZipInfo) -> str:
    """Return the path of an entry; some programs for Windows write it with backslashes."""
    return info.orig_filename.replace("\\", "/")
