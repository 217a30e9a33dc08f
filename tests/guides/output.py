"""Compare what a command printed with what a page shows of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# another machine or version has others: commit ids, seconds, and whether a pin came from git or from PyPI
_VARIES = (r"\b[0-9a-f]{12,64}\b", r"\b\d+(\.\d+)? s\b", r"from (git|pypi)\b")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTINUED = re.compile(r"\n {20,}(?=\S)")  # a text that was broken at the width of the terminal
_LEFT_OUT = "..."


def as_seen(printed: str) -> str:
    """Return the text as a terminal shows it: without colours, and with the last state of each line."""
    lines = _COLOURS.sub("", printed).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def missing_line(shown: Sequence[str], printed: str, varies: Iterable[str] = ()) -> str | None:
    """Return the first line that is shown and was not printed after the lines before it; None if all were.

    Lines may be left out of what is shown. Spaces, the width of the terminal, and what `varies` do not count.
    """
    patterns = [re.compile(each) for each in (*_VARIES, *varies)]
    found = iter(_lines(as_seen(printed), patterns))
    for line in _lines("\n".join(shown), patterns):
        wanted = re.compile(".*".join(map(re.escape, line.split(_LEFT_OUT))))
        if line != _LEFT_OUT and not any(wanted.fullmatch(one) for one in found):
            return line
    return None


def _lines(text: str, patterns: Iterable[re.Pattern[str]]) -> list[str]:
    for pattern in patterns:
        text = pattern.sub("<varies>", text)
    return [" ".join(line.split()) for line in _CONTINUED.sub(" ", text).splitlines() if line.strip()]
