"""What a fork lies in, as files with their sizes, and the limits that hold for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from yolopatch.errors import SourceError, YolopatchError

MOST_FILES = 200_000  # of a fork with a data set in it
LARGEST = 4 * 1024**2  # bytes of a file that is read; the largest source file of all releases has 0.2 MB
MOST_BYTES = 256 * 1024**2  # of all files that are read; the largest of the forks that were tried has 17 MB

# What is left out of a listing.
LINKS, SUBMODULES, ENVIRONMENTS, NAMELESS, CLOSED_FOLDERS = (
    "links",
    "submodules",
    "environments",
    "nameless",
    "closed-folders",
)


@dataclass(frozen=True)
class Listing:
    """The files of a fork.

    Attributes:
        sizes: the size in bytes of each file, by its path; 0 where nobody knows it.
        notes: what is not among them, in sentences.
    """

    sizes: Mapping[str, int]
    notes: tuple[str, ...] = ()


class Holder(Protocol):
    """A folder, a git repository or an archive."""

    @property
    def name(self) -> str:
        """The name of the fork."""

    def listing(self) -> Listing:
        """Return its files.

        Raises:
            SourceError: it is damaged, or is made to do harm.
        """

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of these files; one that is gone or cannot be had is left out.

        Raises:
            SourceError: it is damaged, or its content is not of the size that it says.
        """


def check_count(count: int, where: object) -> None:
    """Check that there are not too many files.

    Raises:
        YolopatchError: there are.
    """
    if count > MOST_FILES:
        raise YolopatchError(
            f"{where} has more than {MOST_FILES:,} files",
            hint="name the folder of the fork that holds the package ultralytics",
        )


def check_names(names: Iterable[str], where: object) -> None:
    """Check that every path is plainly inside, and that no two are the same.

    Raises:
        SourceError: one is not; honest archives have none of these.
    """
    seen: set[str] = set()
    for name in names:
        if name.startswith("/") or any(letter in ':"' or letter < " " for letter in name):
            raise _harmful(where, "an absolute or foreign path", name)
        if {"", ".", ".."} & set(name.split("/")):
            raise _harmful(where, "a path that leaves the folder", name)
        if name in seen:
            raise _harmful(where, "one path twice", name)
        seen.add(name)


def clashes(names: Iterable[str]) -> list[str]:
    """Return the paths that differ from another one in upper and lower case alone."""
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    return [name for same in folded.values() if len(same) > 1 for name in sorted(same)]


def _harmful(where: object, what: str, name: str) -> SourceError:
    return SourceError(f"{where} contains {what}: {name!r}", hint="do not use this copy of the fork")


def not_read(left_out: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence for each kind of what was not read, such as LINKS, with how many there are."""
    return tuple(_not_read(what, count) for what, count in left_out.items() if count)


def _not_read(what: str, count: int) -> str:
    s = "s" * (count != 1)
    if what == LINKS:
        return f"{count:,} link{s}: not read"
    if what == SUBMODULES:
        return f"{count:,} submodule{s}: not read"
    if what == ENVIRONMENTS:
        return f"{count:,} virtual environment{s}: not read"
    if what == NAMELESS:
        return f"{count:,} file{s} with a name that is no text: not read"
    return f"{count:,} folder{s} that cannot be read: not read"
