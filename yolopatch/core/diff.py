"""Read a patch: what it adds, checked to be no more than that.

A patch may only insert lines and add files (design: that is why patches commute), inside the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from unidiff import PatchSet
from unidiff.errors import UnidiffParseError

from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError

_START = re.compile(r"diff --git |--- (a/|/dev/null)")
# All that may stand outside a hunk, once the diff has begun; the last two are the signature of a mail.
_OUTSIDE = re.compile(
    r"diff --git |index [0-9a-f]+\.\.[0-9a-f]+( 100644)?$|new file mode 100644$|--- |\+\+\+ |@@ "
    r"|\\ No newline at end of file$|$|-- $|\d+\.\d[\w. ()-]*$"
)
_NO_NEWLINE = "\\"


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
    lines = split_lines(text)
    start = next((number for number, line in enumerate(lines) if _START.match(line)), None)
    if start is None:
        raise _broken(name, "holds no diff")
    _check_removes_nothing(lines, start, name)
    try:
        files = PatchSet("".join(lines[start:]))
    except UnidiffParseError as error:
        raise _broken(name, f"is no valid unified diff: {str(error).strip()}") from error
    paths = [_inside(file, name) for file in files]
    for file, path in zip(files, paths):
        if file.is_removed_file or file.is_rename:
            raise _broken(name, f"removes or renames {path}", "a patch may only insert lines and add files")
    _check_all_read(lines, start, files, name)
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise _broken(name, f"changes {twice[0]} in two places of the diff", "expected: one diff for each file")
    return Patch(name, tuple(_change(file, path, name) for file, path in zip(files, paths)))


def _broken(name: str, problem: str, *details: str) -> PatchError:
    return PatchError(
        f"the patch {name} {problem}",
        details=details,
        hint="restore it: reinstall yolopatch, or `git checkout` the file and `make patches`",
    )


def _removal(name: str, where: str, line: str) -> PatchError:
    return _broken(name, f"removes a line: {where}", f"found:    {line.rstrip()}", "expected: insertions only")


def _check_removes_nothing(lines: list[str], start: int, name: str) -> None:
    """Look before parsing: whoever turns a line into a removal rarely mends the hunk's counts."""
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.startswith("-") and not line.startswith("--- ") and line != "-- \n":
            raise _removal(name, f"its line {number}", line)


def _check_all_read(lines: list[str], start: int, files: PatchSet, name: str) -> None:
    """Refuse what the parser passes over in silence: lines beyond a hunk's counts, modes, copies, binaries."""
    read = {line.diff_line_no for file in files for hunk in file for line in hunk}
    for number, line in enumerate(lines[start:], start=1):
        if number not in read and not _OUTSIDE.match(line):
            raise _broken(
                name,
                f"holds a line that neither adds nor is context: its line {start + number}",
                f"found:    {line.rstrip()!r}",
                "expected: hunks with as many lines as they say, in plain files, with LF line ends",
            )


def _change(file, path: str, name: str) -> FileChange:
    insertions: list[Insertion] = []
    context: list[tuple[int, str]] = []
    for hunk in file:
        _read_hunk(hunk, path, name, insertions, context)
    if file.is_added_file and not context:
        new = "".join(line for insertion in insertions for line in insertion.lines)
        return FileChange(path, (), (), new)
    if not insertions:
        raise _broken(name, f"adds nothing to {path}", "expected: at least one inserted line")
    _check_whole_lines(path, name, insertions, dict(context))
    return FileChange(path, tuple(insertions), tuple(context), None)


def _inside(file, name: str) -> str:
    headers = [header for header in (file.source_file, file.target_file) if header != "/dev/null"]
    for header in headers:
        path = PurePosixPath(header)
        inner = [part.casefold() for part in path.parts[1:]]
        if path.is_absolute() or ".." in path.parts or ".git" in inner or "\\" in header:
            raise _broken(name, f"leaves the tree: {header}", "paths must be relative, without .. or .git")
        if path.parts[:1] not in (("a",), ("b",)) or not inner:
            raise _broken(name, f"names a file without a/ or b/: {header!r}", "expected: --- a/PATH and +++ b/PATH")
    return headers[-1][2:]


def _read_hunk(hunk, path: str, name: str, insertions: list, context: list) -> None:
    # a hunk with no source lines sits after line source_start, any other starts at it
    at = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    if at < 0 or (at and not hunk.source_length):
        raise _broken(
            name,
            f"has a hunk without context in {path}, at line {hunk.source_start}",
            "expected: lines of the pin around each insertion, to check it against",
        )
    added: list[str] = []

    def flush() -> None:
        if added:
            insertions.append(Insertion(at, tuple(added)))
            added.clear()

    for line in hunk:
        if line.is_removed:
            raise _removal(name, f"{path}, line {line.source_line_no}", f"-{line.value}")
        if line.is_added:
            added.append(line.value)
        elif line.is_context:
            flush()
            context.append((at, line.value))
            at += 1
        elif line.line_type == _NO_NEWLINE and added:  # it is about the line before
            added[-1] = added[-1].removesuffix("\n")
        elif line.line_type == _NO_NEWLINE and context:
            context[-1] = (at - 1, context[-1][1].removesuffix("\n"))
    flush()


def _check_whole_lines(path: str, name: str, insertions: list[Insertion], context: dict[int, str]) -> None:
    """Refuse an insertion that changes where the last line ends: it would no longer be one."""
    for insertion in insertions:
        before = context.get(insertion.at - 1, "\n")
        if not all(line.endswith("\n") for line in (before, *insertion.lines)):
            raise _broken(name, f"changes how the last line of {path} ends", "expected: whole lines, newline included")
