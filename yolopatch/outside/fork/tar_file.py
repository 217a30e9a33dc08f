"""A fork in a tar archive, packed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from yolopatch.errors import SourceError
from yolopatch.outside.fork.listing import LARGEST, LINKS, Listing, check_count, check_names, not_read

_MOST_UNPACKED = 2 * 1024**3  # bytes of the whole archive: with all of them unpacked, half a minute
_DAMAGED = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, LookupError, OverflowError)
_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class TarFile:
    """A tar archive, read from its start to its end; no entry of it is trusted."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        ending = next((one for one in _ENDINGS if self.path.name.endswith(one)), "")
        return self.path.name.removesuffix(ending)

    def listing(self) -> Listing:
        """Return its files."""
        sizes: dict[str, int] = {}
        names: list[str] = []
        left_out = 0
        with self._open() as archive:
            for member in archive:
                if member.isreg():
                    names.append(_path(member))
                    sizes[names[-1]] = member.size
                    check_count(len(names), self.path)
                else:
                    left_out += not member.isdir()
        check_names(names, self.path)
        return Listing(sizes, not_read({LINKS: left_out}))

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of these files."""
        found: dict[str, bytes] = {}
        with self._open() as archive:
            for member in archive:
                if member.isreg() and _path(member) in paths and member.size <= LARGEST:
                    stream = archive.extractfile(member)
                    assert stream is not None  # a regular file has one
                    found[_path(member)] = stream.read()
        return found

    @contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        try:
            with ExitStack() as ending:
                packed = ending.enter_context(self.path.open("rb"))
                stream = ending.enter_context(_unpacked(packed, packed.peek(6)[:6]))
                yield ending.enter_context(
                    tarfile.open(fileobj=_Bounded(stream, self.path), mode="r:", encoding="utf-8")
                )
        except (*_DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of what is packed
                raise
            raise SourceError(f"{self.path} is not a readable archive: {error}", hint="download it again") from error


class _Bounded(io.RawIOBase):
    """A stream that is read forward, and only so far: what is packed may be a bomb, and a header may ask for all of it.

    Args:
        stream: the unpacked archive.
        path: for the message.
    """

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path, self._at = stream, path, 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            SourceError: they are more than an archive of a fork has.
        """
        if not 0 <= size <= LARGEST or self._at + size > _MOST_UNPACKED:
            raise SourceError(
                f"{self._path} unpacks to more than a fork has",
                details=[f"expected: at most {_MOST_UNPACKED // 1024**3} GB, and headers of a few bytes"],
                hint="unpack it yourself, and name the folder of the fork in it",
            )
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go forward to a place, by reading."""
        while self._at < place and self.read(min(place - self._at, 1024**2)):
            continue
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at


def _unpacked(packed: IO[bytes], start: bytes) -> IO[bytes]:
    """Return the stream of an archive as tar has written it; its start says how it is packed."""
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=packed))
    if start.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(packed))
    if start.startswith(b"\xfd7zXZ"):
        return cast("IO[bytes]", lzma.LZMAFile(packed))
    return packed


def _path(member: tarfile.TarInfo) -> str:
    """Return the path of an entry; `tar c .` writes each with `./` before it."""
    return member.name.removeprefix("./")
