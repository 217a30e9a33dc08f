"""How far the code of a fork is from that of a release, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from yolopatch.core.fork.index import is_code


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
