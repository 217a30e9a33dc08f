"""Which release a fork began from, by the content of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from packaging.version import InvalidVersion, Version

from yolopatch.core.fork.base import Base
from yolopatch.core.fork.definitions import file_definitions
from yolopatch.core.fork.index import ReleaseIndex, Runs, file_id, is_code
from yolopatch.core.fork.tree import ForkTree

_MOST = 5  # releases that are told
# The file with the version number.
_SAYS_VERSION = "ultralytics/__init__.py"


def identify(fork: ForkTree, index: ReleaseIndex) -> tuple[Base, ...]:
    """Return the releases that a fork may have begun from, the likeliest first; empty if no file is of any release.

    The first is the one that has the most of its code files; of several, the one with the most of the definitions in
    the code that the fork changed; of several again, the one with the most of all its files, then with the fewest other
    differences; then the one that the fork says it is, or the last one before it. The file with the version number does
    not count, because some forks change it.

    The first may be a commit after a release, for a copy of upstream's own repository; the others are releases.

    A fork of a commit between two releases is an exception: it has files of the next one already, and still some that
    only the last one has. It began from the last one, which its version names, also where more files are of the next.
    """
    found = _Found(fork, index)
    order = sorted(found.votes, key=found.rank, reverse=True)
    last = found.last_before(order)
    if last is not None:
        order = [last, *order]
    others = [number for number in order if found.is_release(number) and number != order[0]]
    return tuple(found.base(number) for number in [*order[:1], *dict.fromkeys(others)][:_MOST])


class _Found:
    """The files of a fork, and the releases that have each."""

    def __init__(self, fork: ForkTree, index: ReleaseIndex) -> None:
        self.fork, self.index = fork, index
        ids = {path: file_id(path, data) for path, data in fork.files.items() if path in index.files}
        self.had: dict[str, Runs] = {path: index.files[path].get(one, ()) for path, one in ids.items()}
        self._telling = {path: runs for path, runs in self.had.items() if path != _SAYS_VERSION}
        self.votes = _count(self._telling)
        self._code = _count({path: runs for path, runs in self._telling.items() if is_code(path)})

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

    @cached_property
    def _definitions(self) -> Counter[int]:
        """How many definitions of a release the fork has in code that it changed, by release.

        Only for the releases with the most of its code files, where there are several.
        """
        most = max(self._code.values(), default=0)
        tied = [number for number in self.votes if self._code[number] == most]
        if len(tied) < 2:
            return Counter()
        telling = (path for path, runs in self._telling.items() if not all(_has(runs, number) for number in tied))
        had = {
            f"{path} {name}": self.index.runs_of_definition(path, name, nodes)
            for path in telling
            if path in self.index.definitions
            for name, nodes in file_definitions(path, self.fork.files[path]).items()
        }
        counts = _count(had)
        return Counter({number: counts[number] for number in tied})

    def is_release(self, number: int) -> bool:
        """Return whether it is a release, and no commit after one."""
        return self.index.releases[number] not in self.index.commits

    def rank(self, number: int) -> tuple[int, int, int, int, bool, bool, int]:
        """Return a key that is larger for a likelier release."""
        return *self._evidence(number), *self._nearness(number)

    def _evidence(self, number: int) -> tuple[int, int, int, int]:
        differences = self._there[number] + self._missing[number] - self.votes[number]
        return self._code[number], self._definitions[number], self.votes[number], -differences

    def _all_evidence(self, number: int) -> tuple[int, int, int, int, bool]:
        return *self._evidence(number), _has(self.had.get(_SAYS_VERSION, ()), number)

    def _nearness(self, number: int) -> tuple[bool, bool, int]:
        """Return what is largest for the said release, then for the last one before it, then for the next one.

        A release comes before a commit, because most copies are of one.
        """
        try:
            is_later = bool(self.fork.said) and Version(self.index.releases[number]) > Version(self.fork.said)
        except InvalidVersion:
            is_later = False
        return not is_later, self.is_release(number), -number if is_later else number

    def last_before(self, order: Sequence[int]) -> int | None:
        """Return the said release if the fork is of a commit between it and the likeliest one; None if it is not."""
        if not order or self.fork.said not in self.index.releases:
            return None
        said = self.index.releases.index(self.fork.said)
        if self._evidence(said + 1) != self._evidence(order[0]):
            return None
        kept = any(_has(runs, said) and not _has(runs, said + 1) for runs in self._telling.values())
        return said if kept else None

    def base(self, number: int) -> Base:
        """Return a release with what the fork has of it."""
        there, names = self._there[number], self.index.releases
        same = sum(_has(runs, number) for runs in self.had.values())
        foreign = {path: runs for path, runs in self._telling.items() if not _has(runs, number)}
        like = [n for n in self.votes if n != number and self._all_evidence(n) == self._all_evidence(number)]
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
            commit=self.index.commits.get(names[number]),
        )


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
