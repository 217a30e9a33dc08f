"""The fenced code of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yolopatch.core.paste.text.prefixes import without_margin

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^`\r\n]*\r?\n?$")
_PYTHON = frozenset({"", "py", "python", "python3", "pycon", "ipython", "ipython3", "text", "plain"})


def inside_fences(lines: Sequence[str]) -> list[str]:
    """Return the lines with everything blank that is not in a fence of Python; all lines where there is no fence.

    The first fence may have been lost: what stands before a closing one is code, too. A margin of a whole block goes.
    """
    marks = {number: match for number, line in enumerate(lines) if (match := _FENCE.match(line))}
    if not marks:
        return list(lines)
    is_open = len(marks) % 2 == 1 and not next(iter(marks.values()))[2]
    code = is_open
    out: list[str] = []
    block: list[str] = []
    for number, line in enumerate(lines):
        if number in marks:
            out += without_margin(block)
            block = []
            code = not is_open and marks[number][2].casefold() in _PYTHON
            is_open = not is_open
        if code and number not in marks:
            block.append(line)
        else:
            out.append(_blank(line))
    return [*out, *without_margin(block)]


def _blank(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]
