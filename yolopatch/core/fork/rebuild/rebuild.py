"""Rebuild the models of a fork on a release: the definitions that they need, as one module."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.core.fork.rebuild.result import Rebuilt
from yolopatch.core.fork.tree import ForkTree


def rebuild(name: str, base: Mapping[str, bytes], fork: ForkTree, cfgs: Mapping[str, str]) -> Rebuilt:
    """Return the module that gives the release the models of the fork.

    Args:
        name: of the module: letters and digits.
        base: the files of the release, by path.
        fork: the fork.
        cfgs: the text of each YAML of the fork that is wanted, by its name.
    """
    raise NotImplementedError
