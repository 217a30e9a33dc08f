"""The classes of a fork that its release does not have in the same form."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.core.fork.index import definition_ids


def own_classes(fork: Mapping[str, bytes], base: Mapping[str, bytes]) -> frozenset[str]:
    """Return the names of the classes and functions that a fork adds or changes, wherever it has them.

    Args:
        fork: its files, by path.
        base: the files of its release, by path.
    """
    known = set(_ids(base))
    changed = {path: data for path, data in fork.items() if data != base.get(path)}
    return frozenset(name for name, one in _ids(changed) if (name, one) not in known)


def _ids(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return the names and ids of the definitions at the top of Python files."""
    found = [pair for path, data in files.items() for pair in definition_ids(path, data).items()]
    return [(name, one) for name, one in found if "." not in name]
