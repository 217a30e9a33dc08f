"""Forks that nobody published: the tree of a pin with edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.fork.tree import ForkTree


@pytest.fixture
def package(pristine_tree) -> Callable[[str], dict[str, bytes]]:
    """Give the files of a pin's package, by path."""

    def read(pin: str) -> dict[str, bytes]:
        tree = pristine_tree(pin)
        place = tree / PINS[pin].layout.package
        found = {path.relative_to(tree): path for path in sorted(place.rglob("*")) if path.is_file()}
        own = {name: path for name, path in found.items() if not {".git", "__pycache__"} & set(name.parts)}
        return {name.as_posix(): path.read_bytes() for name, path in own.items()}

    return read


@pytest.fixture
def fork() -> Callable[..., ForkTree]:
    """Make a fork of these files."""

    def make(files: Mapping[str, bytes], said: str = "", upstream: str = "ultralytics") -> ForkTree:
        return ForkTree("Own-YOLO", upstream, files, {}, said)

    return make
