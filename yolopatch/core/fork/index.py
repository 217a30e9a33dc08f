"""The index of releases: which release has which files, and which definitions, by ids of their folded forms.

Commits between two releases, and after the last one, may be in it as well: each is one more state of the upstream, and
stands in its place among the releases.
"""

from __future__ import annotations

import ast
import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yolopatch.core.fork.base import Commit
from yolopatch.core.fork.definitions import file_definitions
from yolopatch.core.fork.folding import canonical, fold_file, is_python

_BYTES = 8  # of an id: among 100,000 forms, two share one by a chance of 1 in 3,000,000,000
_HEAD = "releases"
_CODE = (".py", ".pyi", ".yaml", ".yml")

# Numbers of releases that follow each other, oldest first.
Runs = tuple[range, ...]


def is_code(path: str) -> bool:
    """Tell whether a file can decide what a model or a training is; a document, or one below `.github`, cannot."""
    return PurePosixPath(path).suffix in _CODE and not path.startswith(".")


def folded_id(folded: str) -> str:
    """Return the id of a folded form, 11 characters."""
    digest = hashlib.sha256(folded.encode("utf-8", "surrogatepass")).digest()[:_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def file_id(path: str, data: bytes) -> str:
    """Return the id of a file's folded form."""
    return folded_id(fold_file(path, data))


def definition_ids(path: str, data: bytes) -> dict[str, str]:
    """Return the id of each class, function and method of a Python file; none of what cannot be read."""
    found = file_definitions(path, data) if is_python(path) else {}
    return {name: definition_id(nodes) for name, nodes in found.items()}


def definition_id(nodes: Sequence[ast.AST]) -> str:
    """Return the id of a definition, as `definitions` finds it."""
    return folded_id(canonical(nodes))


@dataclass(frozen=True)
class ReleaseIndex:
    """What each release of an upstream consists of.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        releases: the versions, oldest first; a commit has its name, as `7.0+112`.
        files: for each path, the releases that have a form of it, by the form's id.
        definitions: for each path, the lines of its definitions; they are read when one is asked for.
        commits: those of `releases` that are commits, by their names.
    """

    upstream: str
    releases: tuple[str, ...]
    files: Mapping[str, Mapping[str, Runs]]
    definitions: Mapping[str, Sequence[str]]
    commits: Mapping[str, Commit]

    def releases_of(self, path: str, data: bytes) -> tuple[str, ...]:
        """Return the releases that have exactly this file, its formatting and comments aside; oldest first."""
        known = self.files.get(path)
        return self.named(known.get(file_id(path, data), ())) if known else ()

    def nearest(self, path: str, data: bytes, release: str) -> tuple[str, ...]:
        """Return the releases that have exactly this file, the one next to a release first, or else the newest."""
        return self.from_near(self.releases_of(path, data), release)

    def from_near(self, releases: Iterable[str], release: str) -> tuple[str, ...]:
        """Return releases, the one next to a release first; to an unknown one, the newest."""
        places = {one: number for number, one in enumerate(self.releases)}
        here = places.get(release, len(places))
        return tuple(sorted(releases, key=lambda one: abs(places[one] - here)))

    def releases_of_definition(self, path: str, name: str, nodes: Sequence[ast.AST]) -> tuple[str, ...]:
        """Return the releases whose file of this path has exactly this definition; oldest first.

        Args:
            name, nodes: as `definitions` finds it.
        """
        return self.named(self.runs_of_definition(path, name, nodes))

    def runs_of_definition(self, path: str, name: str, nodes: Sequence[ast.AST]) -> Runs:
        """Return the numbers of these releases."""
        line = next((one for one in self.definitions.get(path, ()) if one.startswith(f"{name} ")), "")
        words = line.split(" ")[1:]
        known = dict(zip(words[::2], words[1::2]))
        return _read_runs(known.get(definition_id(nodes), ""), len(self.releases))

    def having(self, name: str, folder: str) -> tuple[str, ...]:
        """Return the releases that define a name, in whatever form, in a file of a folder; oldest first."""
        lines = (line for path, listed in self.definitions.items() if path.startswith(folder) for line in listed)
        texts = [text for line in lines if line.startswith(f"{name} ") for text in line.split(" ")[2::2]]
        numbers = {number for text in texts for run in _read_runs(text, len(self.releases)) for number in run}
        return tuple(self.releases[number] for number in sorted(numbers))

    def named(self, runs: Runs) -> tuple[str, ...]:
        """Return the versions of these releases."""
        return tuple(self.releases[number] for run in runs for number in run)


def read_index(upstream: str, files: str, definitions: str) -> ReleaseIndex:
    """Return the index from its two texts, as `files_text` and `definitions_text` write them."""
    (_, *head), *blocks = _blocks(files)
    lines_of_definitions = {path: lines for path, *lines in _blocks(definitions)}
    by_path = {path: _read_forms(lines, len(head)) for path, *lines in blocks}
    releases = tuple(line.partition(" ")[0] for line in head)
    commits = {commit.name: commit for line in head if (commit := _read_commit(line))}
    return ReleaseIndex(upstream, releases, by_path, lines_of_definitions, commits)


def files_text(releases: Sequence[str | Commit], forms: Mapping[str, Mapping[str, Iterable[int]]]) -> str:
    """Return the text of an index's files: for each path, the ids of its forms and the releases that have them.

    Args:
        releases: the versions, oldest first, and commits between them.
        forms: the numbers of the releases, by path and by the id of the form.
    """
    blocks = [[_HEAD, *map(_head_line, releases)]]
    for path, ids in sorted(forms.items()):
        blocks.append([path, *(f"{one} {_runs_text(numbers, len(releases))}" for one, numbers in ids.items())])
    return _text(blocks)


def definitions_text(count: int, forms: Mapping[str, Mapping[str, Mapping[str, Iterable[int]]]]) -> str:
    """Return the text of an index's definitions: for each path, a line for each name.

    Args:
        count: how many releases there are.
        forms: the numbers of the releases, by path, name and the id of the form.
    """
    blocks = []
    for path, names in sorted(forms.items()):
        lines = [
            " ".join([name, *(f"{one} {_runs_text(numbers, count)}" for one, numbers in ids.items())])
            for name, ids in sorted(names.items())
        ]
        blocks.append([path, *lines])
    return _text(blocks)


def _head_line(release: str | Commit) -> str:
    """Return the line of a release, which is its version, or of a commit."""
    return release if isinstance(release, str) else f"{release.name} {release.id} {release.date}"


def _read_commit(line: str) -> Commit | None:
    """Return the commit of a line; None for that of a release."""
    name, *facts = line.split(" ")
    if not facts:
        return None
    after, _, count = name.partition("+")
    return Commit(after, int(count), *facts)


def _text(blocks: Iterable[Iterable[str]]) -> str:
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _blocks(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.split("\n\n") if block]


def _read_forms(lines: Sequence[str], count: int) -> dict[str, Runs]:
    pairs = (line.split(" ") for line in lines)
    return {one: _read_runs(runs, count) for one, runs in pairs}


def _runs_text(numbers: Iterable[int], count: int) -> str:
    """Return `0-3,7,9-`; a run that ends with the newest release is open, so that the next release changes no line."""
    have = set(numbers)
    starts = sorted(one for one in have if one - 1 not in have)
    ends = sorted(one for one in have if one + 1 not in have)
    return ",".join(_run_text(first, last, count) for first, last in zip(starts, ends))


def _run_text(first: int, last: int, count: int) -> str:
    if last == count - 1:
        return f"{first}-"
    return f"{first}-{last}" if first != last else f"{first}"


def _read_runs(text: str, count: int) -> Runs:
    found = []
    for run in filter(None, text.split(",")):
        first, dash, last = run.partition("-")
        found.append(range(int(first), int(last or (count - 1 if dash else first)) + 1))
    return tuple(found)
