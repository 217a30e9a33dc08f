"""Read a patch and check that it changes only what it may.

A module's patch may only insert lines and add files, inside the tree: therefore patches can be applied in any order.
A compatibility patch may also replace lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, Line, PatchedFile, PatchSet

from yolopatch.core.edits import Edit
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError

_START = re.compile(r"diff --git |--- (a/|/dev/null)")
# Lines that are allowed outside a hunk, after the diff has started; the last two are the signature of a mail.
_OUTSIDE = re.compile(
    r"diff --git |index [0-9a-f]+\.\.[0-9a-f]+( 100644)?$|new file mode 100644$|--- |\+\+\+ |@@ "
    r"|\\ No newline at end of file$|$|-- $|\d+\.\d[\w. ()-]*$"
)
_NO_NEWLINE = "\\"


@dataclass(frozen=True)
class FileChange:
    """The changes of one file: `edits` of a pristine file, or the text of a `new` file.

    `context` has the pristine lines that the patch shows, with their indexes.
    """

    path: str
    edits: tuple[Edit, ...]
    context: tuple[tuple[int, str], ...]
    new: str | None

    @property
    def replaced(self) -> dict[int, str]:
        """The pristine lines that edits replace, by number from 1."""
        pristine = dict(self.context)
        return {at + 1: pristine[at] for edit in self.edits for at in range(edit.at, edit.end)}


@dataclass(frozen=True)
class Patch:
    """The patch of a module in one flavor, of the compatibility fixes, or of the stamp; `name` is for messages."""

    name: str
    changes: tuple[FileChange, ...]


def parse_patch(text: str, name: str, modifies: bool = False) -> Patch:
    """Parse a unified diff.

    Args:
        text: the text of the patch file; a mail header before the diff is allowed, as for `git am`.
        name: the name of the patch in messages.
        modifies: whether it may replace lines, as a compatibility patch does.

    Raises:
        PatchError: it is not a unified diff, removes or renames something, or changes a path outside the tree.
    """
    lines = split_lines(text)
    start = next((number for number, line in enumerate(lines) if _START.match(line)), None)
    if start is None:
        raise _broken(name, "has no diff")
    if not modifies:
        _check_removes_nothing(lines, start, name)
    try:
        files = PatchSet("".join(lines[start:]))
    except UnidiffParseError as error:
        raise _broken(name, f"is not a valid unified diff: {str(error).strip()}") from error
    paths = [_inside(file, name) for file in files]
    for file, path in zip(files, paths):
        if file.is_removed_file or file.is_rename:
            raise _broken(name, f"removes or renames {path}", "a patch may only change lines and add files")
    _check_all_read(lines, start, files, name)
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise _broken(name, f"changes {twice[0]} twice", "expected: one diff for each file")
    return Patch(name, tuple(_change(file, path, name, modifies) for file, path in zip(files, paths)))


def _broken(name: str, problem: str, *details: str) -> PatchError:
    return PatchError(
        f"the patch {name} {problem}",
        details=details,
        hint="restore it: reinstall yolopatch, or `git checkout` the file and `make patches`",
    )


def _removal(name: str, where: str, line: str) -> PatchError:
    return _broken(name, f"removes a line: {where}", f"found:    {line.rstrip()}", "expected: insertions only")


def _check_removes_nothing(lines: list[str], start: int, name: str) -> None:
    """Refuse removed lines before parsing: a hand-edited patch often has wrong line counts, too."""
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.startswith("-") and not line.startswith("--- ") and line != "-- \n":
            raise _removal(name, f"its line {number}", line)


def _check_all_read(lines: list[str], start: int, files: PatchSet, name: str) -> None:
    """Refuse what the parser ignores: lines beyond a hunk's counts, modes, copies, binaries."""
    read = {line.diff_line_no for file in files for hunk in file for line in hunk}
    for number, line in enumerate(lines[start:], start=1):
        if number not in read and not _OUTSIDE.match(line):
            raise _broken(
                name,
                f"has a line that is neither an insertion nor context: its line {start + number}",
                f"found:    {line.rstrip()!r}",
                "expected: hunks with as many lines as their headers say, in plain files, with LF line ends",
            )


def _change(file: PatchedFile, path: str, name: str, modifies: bool) -> FileChange:
    hunks = [_read_hunk(hunk, path, name, modifies) for hunk in file]
    edits = [edit for read, _ in hunks for edit in read]
    context = [line for _, seen in hunks for line in seen]
    if file.is_added_file and not context:
        return FileChange(path, (), (), "".join(edit.text for edit in edits))
    if not edits:
        raise _broken(name, f"adds nothing to {path}", "expected: at least one inserted line")
    _check_whole_lines(path, name, edits, dict(context))
    return FileChange(path, tuple(edits), tuple(context), None)


def _inside(file: PatchedFile, name: str) -> str:
    headers = [header for header in (file.source_file, file.target_file) if header != "/dev/null"]
    for header in headers:
        path = PurePosixPath(header)
        inner = [part.casefold() for part in path.parts[1:]]
        if path.is_absolute() or ".." in path.parts or ".git" in inner or "\\" in header:
            raise _broken(name, f"has a path outside the tree: {header}", "paths must be relative, without .. or .git")
        if path.parts[:1] not in (("a",), ("b",)) or not inner:
            raise _broken(name, f"names a file without a/ or b/: {header!r}", "expected: --- a/PATH and +++ b/PATH")
    return headers[-1][2:]


def _read_hunk(hunk: Hunk, path: str, name: str, modifies: bool) -> tuple[list[Edit], list[tuple[int, str]]]:
    # a hunk with no source lines sits after line source_start, any other starts at it
    at = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    if at < 0 or (at and not hunk.source_length):
        raise _broken(
            name,
            f"has a hunk without context in {path}, at line {hunk.source_start}",
            "expected: lines of the pin around each insertion, to check its position",
        )
    reading = _HunkReader(path, at)
    for line in hunk:
        if line.is_removed and not modifies:
            raise _removal(name, f"{path}, line {line.source_line_no}", f"-{line.value}")
        reading.take(line)
    reading.end_edit()
    return reading.edits, reading.context


class _HunkReader:
    """A hunk while it is read: its edits, and its pristine lines by index."""

    def __init__(self, path: str, at: int) -> None:
        self.edits: list[Edit] = []
        self.context: list[tuple[int, str]] = []
        self._path, self._at = path, at
        self._added: list[str] = []
        self._replaced = 0

    def take(self, line: Line) -> None:
        """Read the next line."""
        if line.is_added:
            if self._added and not self._added[-1].endswith("\n"):
                self.end_edit()  # such a line ends the file: a second edit follows, and the first is refused
            self._added.append(line.value)
        elif line.is_removed:
            if self._added:
                self.end_edit()
            self._replaced += 1
            self._pristine(line.value)
        elif line.is_context:
            self.end_edit()
            self._pristine(line.value)
        elif line.line_type == _NO_NEWLINE and self._added:  # the marker belongs to the line before
            self._added[-1] = self._added[-1].removesuffix("\n")
        elif line.line_type == _NO_NEWLINE and self.context:
            at, last = self.context[-1]
            self.context[-1] = (at, last.removesuffix("\n"))

    def end_edit(self) -> None:
        """Store what was added and replaced since the last context line."""
        if self._added or self._replaced:
            self.edits.append(Edit(self._path, self._at - self._replaced, "".join(self._added), self._replaced))
        self._added, self._replaced = [], 0

    def _pristine(self, text: str) -> None:
        self.context.append((self._at, text))
        self._at += 1


def _check_whole_lines(path: str, name: str, edits: list[Edit], context: dict[int, str]) -> None:
    """Refuse an edit that changes whether the last line ends with a newline."""
    for edit in edits:
        before = context.get(edit.at - 1, "\n")
        if not all(line.endswith("\n") for line in (before, *edit.lines)):
            raise _broken(name, f"changes the newline at the end of {path}", "expected: whole lines, newline included")
