"""The index of releases: which release has which files, and which definitions, by ids of their folded forms."""

from __future__ import annotations

import ast
import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.definitions import definitions
from yolopatch.core.fork.folding import canonical, decode, fold_file, is_python
from yolopatch.core.syntax import parse

_BYTES = 8  # of an id: two of the 100,000 forms of an upstream have one by a chance of 1 in 3,000,000,000
Runs = tuple[range, ...]


def folded_id(folded: str) -> str:
    """Return the id of a folded form, 11 characters."""
    digest = hashlib.sha256(folded.encode("utf-8", "surrogatepass")).digest()[:_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def file_id(path: str, data: bytes) -> str:
    """Return the id of a file's folded form."""
    return folded_id(fold_file(path, data))


def definition_ids(path: str, data: bytes) -> dict[str, str]:
    """Return the id of each class, function and method of a Python file; none of what cannot be read."""
    text = decode(path, data) if is_python(path) else None
    try:
        found = definitions(parse(text)) if text is not None else {}
    except SyntaxError:
        return {}
    return {name: definition_id(nodes) for name, nodes in found.items()}


def definition_id(nodes: Sequence[ast.AST]) -> str:
    """Return the id of a definition, as `definitions` finds it."""
    return folded_id(canonical(nodes))


@dataclass(frozen=True)
class ReleaseIndex:
    """What each release of an upstream consists of.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        releases: the versions, oldest first.
        files: for each path, the numbers of the releases that have a form of it, by the form's id.
        definition_lines: for each path, the lines of its definitions, which are read when one is asked for.
    """

    upstream: str
    releases: tuple[str, ...]
    files: Mapping[str, Mapping[str, Runs]]
    definition_lines: Mapping[str, Sequence[str]]

    def releases_of(self, path: str, data: bytes) -> tuple[str, ...]:
        """Return the releases that have exactly this file, its formatting and comments aside; oldest first."""
        known = self.files.get(path)
        return self._named(known.get(file_id(path, data), ())) if known else ()

    def releases_of_definition(self, path: str, name: str, nodes: Sequence[ast.AST]) -> tuple[str, ...]:
        """Return the releases whose file of this path has exactly this definition; oldest first.

        Args:
            name, nodes: as `definitions` finds it.
        """
        raise NotImplementedError

    def _named(self, runs: Runs) -> tuple[str, ...]:
        return tuple(self.releases[number] for run in runs for number in run)
