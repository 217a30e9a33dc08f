"""Read the Python in what a post shows, with the numbers of its lines kept.

A text that is Python stays as it is. Of any other, first what stands around each line of code is taken off, then each
top-level part that still does not parse is left out if it is no Python; if it is Python with a mistake, the text is
refused with the line. What is left out becomes blank lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from yolopatch.core.paste.text.characters import has_entities, with_plain_characters, without_entities
from yolopatch.core.paste.text.chunks import Chunk, chunks
from yolopatch.core.paste.text.fences import inside_fences
from yolopatch.core.paste.text.foreign import why_foreign, why_tail
from yolopatch.core.paste.text.indents import defines, indented_code, parses, with_one_indent
from yolopatch.core.paste.text.lexing import continued
from yolopatch.core.paste.text.notebook import code_cells
from yolopatch.core.paste.text.prefixes import without_margin, without_numbers, without_prompts
from yolopatch.core.syntax import parse
from yolopatch.core.text import split_lines

Lines = list[str]


class Place(NamedTuple):
    """A line of a file that somebody pasted."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return it as in messages."""
        return f"{self.file}, line {self.line}"


class Renamed(NamedTuple):
    """A name of a file that several files' common text has as `new`, since `other` means something else by it."""

    file: str
    line: int
    name: str
    new: str
    other: str


@dataclass(frozen=True)
class Post:
    """The Python of a post.

    Attributes:
        text: the Python; each line has the number that it has in the post.
        left_out: what is no Python: first and last line, counted from 1, and what it is.
        mended: lines that were read as others: first and last line, and how.
        foreign: the lines that were left out, as one text.
        cells: of a notebook, the number of the cell of each line; empty for a text.
    """

    text: str
    left_out: tuple[tuple[int, int, str], ...] = ()
    mended: tuple[tuple[int, int, str], ...] = ()
    foreign: str = ""
    cells: tuple[int, ...] = ()

    def place(self, name: str, number: int) -> Place:
        """Return where a line of the text stands in the post of this name, counted from 1; in a notebook, in a cell."""
        if not self.cells:
            return Place(name, number)
        cell = self.cells[min(number, len(self.cells)) - 1]
        return Place(f"{name}, cell {cell}", number - self.cells.index(cell))


def read_post(text: str) -> Post:
    """Return the Python of a post. If it is Python with a mistake, the text does not parse, and the caller says so."""
    cells = code_cells(text)
    numbers: tuple[int, ...] = ()
    if cells is not None:
        numbers = tuple(cell.number for cell in cells for _ in split_lines(cell.text))
        text = "".join(cell.text for cell in cells)
    lines = split_lines(text)
    if _is_fine(lines) or _is_hopeless(lines):
        return Post(text, cells=numbers)
    page = _Page(list(lines))
    page.read()
    return Post(
        text=page.text,
        left_out=tuple(_runs(page.dropped, lines)),
        mended=tuple(_runs(page.mended, lines)),
        foreign="".join(lines[number] for number in sorted(page.dropped)),
        cells=numbers,
    )


def _is_fine(lines: Lines) -> bool:
    return parses(lines) and not has_entities("".join(lines))


def _is_hopeless(lines: Lines) -> bool:
    """Tell whether no line is to blame for the error: a null byte, code that is too deep to be read."""
    try:
        parse("".join(lines))
    except SyntaxError as error:
        return error.lineno is None or (error.offset is None and not isinstance(error, IndentationError))
    return False


_OUTSIDE = "outside of the page's code"
_MARGIN = "the margin taken off"
_STEPS: tuple[tuple[str, Callable[[Lines], Lines]], ...] = (
    (_OUTSIDE, inside_fences),
    ("HTML's signs (&lt;) read as their characters", lambda lines: split_lines(without_entities("".join(lines)))),
    ("characters of a web page read as Python's", lambda lines: split_lines(with_plain_characters("".join(lines)))),
    ("the interpreter's prompt taken off", without_prompts),
    ("the number of the line taken off", lambda lines: without_numbers(lines, _soundness)),
    (_MARGIN, without_margin),
)


class _Page:
    """The lines of a post while they are read."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.dropped: dict[int, str] = {}
        self.mended: dict[int, str] = {}

    @property
    def text(self) -> str:
        """The Python so far."""
        return "".join(self.lines)

    def read(self) -> None:
        """Take off what stands around the code, and leave out what is none."""
        for words, step in _STEPS:
            if not _is_fine(self.lines):
                self._change(step(self.lines), words)
        self._sort_out()

    def _change(self, lines: Lines, words: str, at: int = 0) -> None:
        for number, line in enumerate(lines, at):
            before = self.lines[number]
            self.lines[number] = line
            if line == before or not before.strip():
                continue
            if line.strip():
                how = _MARGIN if words == _OUTSIDE else words
                self.mended[number] = f"{self.mended[number]}, {how}" if number in self.mended else how
            elif words == _OUTSIDE:
                self.dropped[number] = words

    def _sort_out(self) -> None:
        """Leave out the parts that are no Python, and what stands between two of them and defines nothing."""
        start: int | None = None  # where a region without definitions starts, behind a part that is no Python
        for chunk in list(chunks(self.lines)):
            whole = parses(chunk.lines)
            if whole and defines(chunk):
                start = None
                continue
            why = why_foreign(chunk.lines) if whole else self._leave_out(chunk)
            if why and start is not None:
                self._drop(Chunk(start, tuple(self.lines[start : chunk.first])), why)
            if why and whole:
                self._drop(chunk, why)
            start = chunk.end if why else start if whole else None

    def _leave_out(self, chunk: Chunk) -> str:
        """Mend a part that does not parse, or leave out what of it is no Python; return what that is, "" for none."""
        same = with_one_indent(chunk.lines)
        if same:
            self._change(same, "tabs and spaces made one", chunk.first)
            return ""
        why = why_foreign(chunk.lines)
        if why:
            self._drop(chunk, why)
            return why
        code = indented_code(chunk.lines)
        if code:
            self._drop(chunk.part(0, 1), "prose")
            self._change(code, _MARGIN, chunk.first + 1)
            return ""
        cut = _tail(chunk)
        if cut is None:
            return ""
        why = why_tail(chunk.lines[cut:])
        self._drop(chunk.part(cut), why)
        return why

    def _drop(self, chunk: Chunk, why: str) -> None:
        for number in range(chunk.first, chunk.end):
            line = self.lines[number]
            if line.strip():
                self.mended.pop(number, None)
                self.dropped[number] = why
                self.lines[number] = line[len(line.rstrip("\r\n")) :]


def _soundness(lines: Lines) -> float:
    """Return the share of a text's parts that are Python."""
    found = [parses(chunk.lines) for chunk in chunks(lines)]
    return sum(found) / max(len(found), 1)


def _tail(chunk: Chunk) -> int | None:
    """Return the index of the first line of what is no Python at the end of a part; None if there is none."""
    try:
        parse(chunk.text)
    except SyntaxError as error:
        at = (error.lineno or 0) - 1
        inside = continued(chunk.lines)
        found = 0 < at < len(chunk.lines) and not inside[at] and parses(chunk.lines[:at])
        return at if found and why_tail(chunk.lines[at:]) else None
    return None


def _runs(words: Mapping[int, str], lines: Lines) -> Iterator[tuple[int, int, str]]:
    """Yield what is said of lines, counted from 1; lines with only blank ones between them together."""
    run: tuple[int, int, str] | None = None
    for number, why in sorted(words.items()):
        if run and run[2] == why and not any(line.strip() for line in lines[run[1] : number]):
            run = (run[0], number + 1, why)
            continue
        if run:
            yield run
        run = (number + 1, number + 1, why)
    if run:
        yield run
