"""Unpack a wheel that may be harmful: no path outside the folder, no links, a limited size."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

from yolopatch.errors import SourceError
from yolopatch.outside.git.snapshot import MAX_BYTES

# What Python's reader raises for an archive that is damaged or forged; a LookupError for an entry without a name, a
# RuntimeError for an encrypted one, or for a compression that it does not have.
DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, ValueError, LookupError, OverflowError, RuntimeError),
)


def read_wheel(path: Path) -> dict[str, bytes]:
    """Return every file of a wheel, by its path inside.

    Raises:
        SourceError: it is no sound archive, or an entry is not a regular file inside it.
        OSError: the file cannot be read.
    """
    # in memory: a place before its start, which a forged archive may name, is told from a disk that cannot be read
    data = BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(data) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            _check_size(path, entries)
            _check_distinct(path, entries)
            for info in entries:
                _check_entry(path, info)
            return {info.filename: read_entry(archive, info) for info in entries}
    except DAMAGED as error:
        raise SourceError(f"{path} is not a readable wheel: {error}", hint="download it again") from error


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the content of an entry; raises what DAMAGED lists."""
    # with a number, no more is unpacked than the header claims, of which the sum is checked
    with archive.open(info) as stream:
        return stream.read(info.file_size)


def _check_size(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    size = sum(info.file_size for info in entries)
    if size > MAX_BYTES:
        raise SourceError(f"{path} unpacks to {size} bytes, more than {MAX_BYTES}: refused")


def _check_distinct(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in entries:
        if info.filename in seen:
            raise SourceError(f"{path} contains {info.filename!r} twice", hint="do not use this archive")
        seen.add(info.filename)


def _check_entry(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    parts = name.split("/")
    mode = info.external_attr >> 16
    problem = None
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = "a compression that wheels do not have"
    elif name.startswith("/") or any(c in '\\:"' or not c.isprintable() for c in name):
        problem = "an absolute or foreign path"
    elif {"", ".", "..", ".git"} & {part.casefold() for part in parts}:
        problem = "a path that leaves the folder"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        problem = "a link or a device, not a plain file"
    if problem:
        raise SourceError(f"{path} contains {problem}: {name!r}", hint="do not use this archive")
