"""Which release a fork began from, by the content of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from packaging.version import InvalidVersion, Version

from yolopatch.core.fork.base import Base
from yolopatch.core.fork.index import ReleaseIndex, Runs, file_id
from yolopatch.core.fork.tree import ForkTree

_MOST = 5  # releases that are told
# The file by whose number alone some releases differ from the next; a fork may say another number.
_SAYS_VERSION = "ultralytics/__init__.py"


def identify(fork: ForkTree, index: ReleaseIndex) -> tuple[Base, ...]:
    """Return the releases that a fork may have begun from, the likeliest first; empty if no file is of any release.

    The first is the one that has the most of its files; of several, the one with the fewest other differences, where
    the file with the version number does not count, because some forks change it. Of several again, it is the one that
    the fork says it is, or the last one before it: a fork of a commit between two releases has files of both.
    """
    found = _Found(fork, index)
    order = sorted(found.votes, key=found.rank, reverse=True)
    return tuple(found.base(number) for number in order[:_MOST])


class _Found:
    """The files of a fork, and the releases that have each."""

    def __init__(self, fork: ForkTree, index: ReleaseIndex) -> None:
        self.fork, self.index = fork, index
        ids = {path: file_id(path, data) for path, data in fork.files.items() if path in index.files}
        self.had: dict[str, Runs] = {path: index.files[path].get(one, ()) for path, one in ids.items()}
        self.votes = _count(self.had)

    @cached_property
    def _missing(self) -> Counter[int]:
        """How many of its files the fork does not have, by release."""
        lacked = (path for path in self.index.files if path not in self.fork.files)
        return _count({f"{path} {one}": runs for path in lacked for one, runs in self.index.files[path].items()})

    @cached_property
    def _there(self) -> Counter[int]:
        """How many of its files the fork has, equal or not, by release."""
        kept = (path for path in self.index.files if path in self.fork.files)
        return _count({f"{path} {one}": runs for path in kept for one, runs in self.index.files[path].items()})

    def rank(self, number: int) -> tuple[tuple[int, int], tuple[bool, Version]]:
        """Return a key that is larger for a likelier release."""
        return self._evidence(number), _nearness(self.index.releases[number], self.fork.said)

    def _evidence(self, number: int) -> tuple[int, int]:
        says_other = _SAYS_VERSION in self.fork.files and not _has(self.had.get(_SAYS_VERSION, ()), number)
        changed = self._there[number] - self.votes[number] - says_other
        return self.votes[number], -(changed + self._missing[number])

    def base(self, number: int) -> Base:
        """Return a release with what the fork has of it."""
        same, there, names = self.votes[number], self._there[number], self.index.releases
        foreign = {p: runs for p, runs in self.had.items() if p != _SAYS_VERSION and not _has(runs, number)}
        like = [n for n in self.votes if n != number and self._evidence(n) == self._evidence(number)]
        return Base(
            upstream=self.index.upstream,
            release=names[number],
            same=same,
            changed=there - same,
            added=len(self.fork.files) - there,
            missing=self._missing[number],
            equal=tuple(names[n] for n in sorted(like)),
            others=tuple((names[n], count) for n, count in _cover(foreign, number)),
            said=self.fork.said,
        )


def _nearness(release: str, said: str) -> tuple[bool, Version]:
    """Return what `identify` takes the largest of: the said release, else the last one before it, else the newest."""
    try:
        return not said or Version(release) <= Version(said), Version(release)
    except InvalidVersion:
        return True, Version(release)


def _cover(files: Mapping[str, Runs], base: int) -> Iterator[tuple[int, int]]:
    """Yield the fewest releases that have these files, and how many each: the one with the most first.

    Of releases with as many, the one next to the base is taken.
    """
    left = {path: runs for path, runs in files.items() if runs}
    while left:
        counts = _count(left)
        best = min(counts, key=lambda number: (-counts[number], abs(number - base)))
        yield best, counts[best]
        left = {path: runs for path, runs in left.items() if not _has(runs, best)}


def _count(had: Mapping[str, Runs]) -> Counter[int]:
    """Return how many of these files each release has."""
    return Counter(number for runs in had.values() for run in runs for number in run)


def _has(runs: Runs, number: int) -> bool:
    return any(number in run for run in runs)
