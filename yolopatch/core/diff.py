"""Read a patch: what it adds, checked to be no more than that.

A patch may only insert lines and add files (design: that is why patches commute), inside the tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from unidiff import PatchSet
from unidiff.errors import UnidiffParseError

from yolopatch.errors import PatchError


@dataclass(frozen=True)
class Insertion:
    """Lines to insert before the pristine line with index `at` (0-based; its length means the end)."""

    at: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class FileChange:
    """What a patch does to one file: `insertions` into a pristine one, or a whole `new` one.

    `context` are the pristine lines that the patch was made against, by index.
    """

    path: str
    insertions: tuple[Insertion, ...]
    context: tuple[tuple[int, str], ...]
    new: str | None


@dataclass(frozen=True)
class Patch:
    """One module in one flavor for one pin; `name` tells which, for messages."""

    name: str
    changes: tuple[FileChange, ...]


def parse_patch(text: str, name: str) -> Patch:
    """Parse a unified diff.

    Args:
        text: the patch file's text; a mail header before the diff is allowed, as `git am` has it.
        name: where it lies, for messages.

    Raises:
        PatchError: it is no unified diff, removes or renames something, or leaves the tree.
    """
    try:
        files = PatchSet(text)
    except UnidiffParseError as error:
        raise _broken(name, f"is no valid unified diff: {error}") from error
    if not files:
        raise _broken(name, "holds no diff")
    return Patch(name, tuple(_change(file, name) for file in files))


def _broken(name: str, problem: str, *details: str) -> PatchError:
    return PatchError(
        f"the patch {name} {problem}",
        details=details,
        hint="restore it: reinstall yolopatch, or `git checkout` the file and `make patches`",
    )


def _change(file, name: str) -> FileChange:
    path = _inside(file, name)
    if file.is_removed_file or file.is_rename:
        raise _broken(name, f"removes or renames {path}", "a patch may only insert lines and add files")
    insertions: list[Insertion] = []
    context: list[tuple[int, str]] = []
    for hunk in file:
        _read_hunk(hunk, path, name, insertions, context)
    if file.is_added_file:
        new = "".join(line for insertion in insertions for line in insertion.lines)
        return FileChange(path, (), (), new)
    return FileChange(path, tuple(insertions), tuple(context), None)


def _inside(file, name: str) -> str:
    for header in (file.source_file, file.target_file):
        plain = header.split("\t")[0]
        if plain == "/dev/null":
            continue
        path = PurePosixPath(plain)
        # git's own prefixes a/ and b/ come off, then the path must stay inside the tree
        inner = PurePosixPath(*path.parts[1:]) if path.parts[:1] in (("a",), ("b",)) else path
        if path.is_absolute() or ".." in path.parts or ".git" in inner.parts or "\\" in plain:
            raise _broken(name, f"leaves the tree: {plain}", "paths must be relative, without ..")
    return file.path


def _read_hunk(hunk, path: str, name: str, insertions: list, context: list) -> None:
    # a hunk with no source lines sits after line source_start, any other starts at it
    at = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    added: list[str] = []

    def flush() -> None:
        if added:
            insertions.append(Insertion(at, tuple(added)))
            added.clear()

    for line in hunk:
        if line.is_removed:
            raise _broken(
                name,
                f"removes a line: {path}, line {line.source_line_no}",
                f"found:    -{line.value.rstrip()}",
                "expected: insertions only",
            )
        if line.is_added:
            added.append(line.value)
        elif line.is_context:
            flush()
            context.append((at, line.value))
            at += 1
    flush()
