"""Which release a fork began from, by the content of its files."""

from __future__ import annotations

from yolopatch.core.fork.base import Base
from yolopatch.core.fork.index import ReleaseIndex
from yolopatch.core.fork.tree import ForkTree


def identify(fork: ForkTree, index: ReleaseIndex) -> tuple[Base, ...]:
    """Return the releases that a fork may have begun from, the one with the most equal files first.

    Releases with as many are told apart by what the fork says it is. Empty if no file is of any release.
    """
    raise NotImplementedError
