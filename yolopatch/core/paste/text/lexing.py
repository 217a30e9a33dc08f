"""Which parts of a text are code, and which are strings and comments, also where the text is no Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

# A comment, a string of several lines, or a string of one line. A string that is not closed ends with its line.
TOKEN = re.compile(
    r"""
      \#[^\n]*
    | ('{3}|"{3}) (?: [^'"\\]+ | \\. | (?!\1). )* (?: \1 | \Z )
    | " (?: [^"\\\n]+ | \\. )* "?
    | ' (?: [^'\\\n]+ | \\. )* '?
    """,
    re.VERBOSE | re.DOTALL,
)
_STARTS = re.compile(r"(?:class|def|async def)\s+\w|@\w|import\s+\w|from\s+[\w.]+\s+import\b")
_OPEN, _CLOSED = "([{", ")]}"


class Span(NamedTuple):
    """A part of a text, from `start` to before `end`."""

    start: int
    end: int
    is_code: bool


def spans(text: str) -> Iterator[Span]:
    """Yield the parts of a text in order: code, and what stands in strings and comments."""
    done = 0
    for match in TOKEN.finditer(text):
        if match.start() > done:
            yield Span(done, match.start(), True)
        yield Span(match.start(), match.end(), False)
        done = match.end()
    if done < len(text):
        yield Span(done, len(text), True)


def change_code(text: str, change: Callable[[str], str]) -> str:
    """Return the text with its code changed; strings and comments stay as they are."""
    return "".join(
        change(text[one.start : one.end]) if one.is_code else text[one.start : one.end] for one in spans(text)
    )


def code_of(line: str) -> str:
    """Return a line without its comment and without what stands in its strings."""
    return "".join(line[one.start : one.end] if one.is_code else " " for one in spans(line)).strip()


def continued(lines: Sequence[str]) -> list[bool]:
    """Return for each line whether it starts inside a string or a bracket of a line before.

    A line that starts a definition or an import ends all brackets: they were never closed.
    """
    text = "".join(lines)
    offsets = accumulate(map(len, lines), initial=0)
    starts = dict(zip(offsets, range(len(lines))))
    found = [False] * len(lines)
    depth = 0
    for span in spans(text):
        for at in range(span.start, span.end):
            number = starts.get(at)
            if number is not None:
                if span.is_code and _STARTS.match(lines[number]):
                    depth = 0
                inside = not span.is_code and at > span.start
                found[number] = inside or depth > 0
            if span.is_code and text[at] in _OPEN:
                depth += 1
            elif span.is_code and text[at] in _CLOSED:
                depth = max(0, depth - 1)
    return found
