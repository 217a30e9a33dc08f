"""The files that `add` reads: one of a post, and others from which it imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.checkpoint.stamp import printable
from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.paste.text.merging import merge
from yolopatch.core.text import sha256
from yolopatch.errors import UsageError
from yolopatch.outside.files.system_errors import advice, number_of


@dataclass(frozen=True)
class Lines:
    """Lines of a pasted file of which something is said.

    Attributes:
        file: its name.
        first, last: counted from 1.
        why: what they are, or how they were read.
    """

    file: str
    first: int
    last: int
    why: str


@dataclass(frozen=True)
class PastedFiles:
    """The files of a post.

    Attributes:
        contents: each file's name and content, the main one first.
        pastes: the same, parsed.
        paste: all of them as one.
    """

    contents: tuple[tuple[str, bytes], ...]
    pastes: tuple[Pasted, ...]
    paste: Pasted

    @property
    def sha256(self) -> str:
        """Of the main file."""
        return sha256(self.contents[0][1])

    @property
    def siblings(self) -> tuple[tuple[str, str], ...]:
        """The other files, each with its sha256."""
        return tuple((name, sha256(data)) for name, data in self.contents[1:])

    @property
    def left_out(self) -> Iterator[Lines]:
        """What of the files is no Python."""
        return (Lines(one.name, *lines) for one in self.pastes for lines in one.post.left_out)

    @property
    def mended(self) -> Iterator[Lines]:
        """The lines that a page had changed."""
        return (Lines(one.name, *lines) for one in self.pastes for lines in one.post.mended)

    @property
    def stored(self) -> bytes:
        """What the catalog keeps: the file as it is, or the Python that was read from it and from the others."""
        read = self.pastes[0].post
        as_it_is = len(self.pastes) == 1 and not (read.left_out or read.mended or read.cells)
        return self.contents[0][1] if as_it_is else self.paste.text.encode()

    def origin(self, symbol: str) -> str:
        """Return where a module comes from, for the commit message."""
        shown = [f"{printable(name)}, sha256 {sha256(data)[:16]}" for name, data in self.contents]
        return f"{symbol} of {', with '.join(shown)}"


def read_files(files: tuple[Path, ...]) -> PastedFiles:
    """Read a pasted file, and those that are added to it.

    Raises:
        UsageError: one cannot be read, or two of them do not go together.
        YolopatchError: one is no Python.
    """
    return files_of(tuple((file.name, _read(file)) for file in files))


def files_of(contents: tuple[tuple[str, bytes], ...]) -> PastedFiles:
    """Return files whose names and contents are known, the main one first; raises as `read_files`."""
    pastes = tuple(read_paste(data, name) for name, data in contents)
    return PastedFiles(contents, pastes, merge(pastes[0], pastes[1:]))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}",
            hint=advice(number_of(error), file, "give the path of the pasted file"),
        ) from error
