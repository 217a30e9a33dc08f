"""What stands in front of each line of code: prompts of an interpreter, the numbers of lines, one common margin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from yolopatch.core.paste.text.lexing import continued

Lines = list[str]

_PROMPT = re.compile(r"[ \t]{0,3}(?:>>>|\.\.\.)(?: |(?=\r?\n|$))|[ \t]*(?:In \[\d*\]|\.{3,}):(?: |(?=\r?\n|$))")
_FIRST_PROMPT = re.compile(r"[ \t]{0,3}>>>|[ \t]*In \[\d*\]:")
_NUMBER = re.compile(r"[ \t]*(\d{1,5})[.:|)]?(?=[ \t\r\n]|$)")
_LEAST_NUMBERED = 0.9  # of the lines that are not blank
_FEWEST = 3  # lines: two numbers may be code


def without_prompts(lines: Sequence[str]) -> Lines:
    """Return the lines without `>>>`, `...` and `In [1]:`, if an interpreter's first prompt is among them."""
    inside = continued(lines)
    if not any(_FIRST_PROMPT.match(line) for line, within in zip(lines, inside) if not within):
        return list(lines)
    return [_PROMPT.sub("", line, count=1) for line in lines]


def without_numbers(lines: Sequence[str], sound: Callable[[Lines], float]) -> Lines:
    """Return the lines without the numbers that a page shows in front of them.

    Args:
        lines: of the text.
        sound: says how much of a text is Python; of two ways to take the numbers off, the better one counts.
    """
    found = [_NUMBER.match(line) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    written = sum(1 for line in lines if line.strip())
    grows = all(after == before + 1 for before, after in pairwise(numbers))
    if len(numbers) < _FEWEST or len(numbers) < _LEAST_NUMBERED * written or not grows:
        return list(lines)
    rests = [line[match.end() :] if match else line for line, match in zip(lines, found)]
    widest = max(match.end() for match in found if match)
    columns = [line[min(widest, len(line.rstrip("\r\n"))) :] if match else line for line, match in zip(lines, found)]
    return max(without_margin(rests), without_margin(columns), key=sound)


def without_margin(lines: Sequence[str]) -> Lines:
    """Return the lines without the space that all of them start with."""
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    shared = min(margins, key=len, default="")
    while not all(margin.startswith(shared) for margin in margins):
        shared = shared[:-1]
    return [line[len(shared) :] if line.strip() else line.lstrip(" \t") for line in lines]
