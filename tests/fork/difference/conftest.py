"""Forks that nobody published: a pin's files with edits, or a few small files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache as cached

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.fork.changes import FileChange, Part
from yolopatch.core.fork.difference.difference import read_difference
from yolopatch.core.fork.tree import ForkTree


@pytest.fixture(scope="session")
def release(pristine_tree) -> Callable[[str], Mapping[str, bytes]]:
    """Give the files of a pin that a fork's package has, by path. Read it only: all tests share it."""

    @cached
    def read(pin: str) -> Mapping[str, bytes]:
        tree = pristine_tree(pin)
        place = tree / PINS[pin].layout.package
        files = (path for path in sorted(place.rglob("*")) if path.is_file() and ".git" not in path.parts)
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}

    return read


@pytest.fixture(scope="session")
def edited() -> Callable[..., dict[str, bytes]]:
    """Return files with edits, each a path, a text of its file and the text that it becomes."""

    def edit(files: Mapping[str, bytes], edits: list[tuple[str, str, str]]) -> dict[str, bytes]:
        found = dict(files)
        for path, old, new in edits:
            text = found[path].decode()
            assert text.count(old) >= 1, f"{path} has no {old!r}"
            found[path] = text.replace(old, new, 1).encode()
        return found

    return edit


@pytest.fixture(scope="session")
def small() -> Callable[..., dict[str, FileChange]]:
    """Read the difference of small trees, {path in the package: text or bytes}; returns the changes by that path."""

    def read(base: Mapping[str, str | bytes], fork: Mapping[str, str | bytes], **options) -> dict[str, FileChange]:
        old, new = (
            {f"ultralytics/{path}": text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
            for files in (base, {**base, **fork})
        )
        tree = ForkTree("Own", "ultralytics", {path: data for path, data in new.items() if data != b"-"}, {}, "")
        changes = read_difference(old, tree, **options)
        return {change.path.removeprefix("ultralytics/"): change for change in changes}

    return read


@pytest.fixture(scope="session")
def told() -> Callable[[FileChange], list[tuple[str, int, str]]]:
    """Return the name, the line and the sentence of each part of a change."""

    def words(part: Part) -> tuple[str, int, str]:
        return part.name, part.line, part.what

    return lambda change: [words(part) for part in change.parts]
