"""A fork beside one release: how many of its files it has, and how many lines are others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from yolopatch.core.fork.base import Base
from yolopatch.core.fork.folding import fold_file
from yolopatch.core.fork.index import is_code
from yolopatch.core.fork.tree import ForkTree


def beside(fork: ForkTree, release: str, files: Mapping[str, bytes]) -> Base:
    """Return a release as the base of a fork, for a user who says which one it is.

    Args:
        fork: the fork.
        release: the version.
        files: what the release holds, by path.
    """
    here = files.keys() & fork.files.keys()
    same = [path for path in here if _is_same(path, files[path], fork.files[path])]
    return Base(
        upstream=fork.upstream,
        release=release,
        same=len(same),
        changed=len(here) - len(same),
        added=len(fork.files.keys() - files.keys()),
        missing=len(files.keys() - fork.files.keys()),
        said=fork.said,
    )


def _is_same(path: str, one: bytes, other: bytes) -> bool:
    return one == other or fold_file(path, one) == fold_file(path, other)


def lines_apart(fork: Mapping[str, bytes], release: Mapping[str, bytes]) -> int:
    """Return how many lines of code only one of both has, in the files that both have.

    The order of lines, their indentation and their ends do not count.
    """
    changed = (path for path in fork.keys() & release.keys() if is_code(path) and fork[path] != release[path])
    return sum(_apart(_lines(fork[path]), _lines(release[path])) for path in changed)


def _apart(one: Counter[bytes], other: Counter[bytes]) -> int:
    return (one - other).total() + (other - one).total()


def _lines(data: bytes) -> Counter[bytes]:
    return Counter(line.strip() for line in data.splitlines())
