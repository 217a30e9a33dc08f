"""The help of a command, taken apart: usage, what it says, options, example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OPTION = re.compile(r"^  (\S.*?)(?: {2,}(\S.*))?$")


@dataclass(frozen=True)
class Help:
    """What a command says of itself.

    Attributes:
        usage: how it is called: `yolopatch apply [OPTIONS]`.
        paragraphs: what it says; the first one is one sentence.
        options: each option with its meaning.
        example: a call that works.
    """

    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    example: str


def take_apart(text: str) -> Help:
    """Return the parts of a help text whose lines are not wrapped.

    A line at the margin that is no part of the usage is the heading of a list. Whatever the language is, click puts the
    usage first and the example last.
    """
    usage, *blocks = text.rstrip().split("\n\n")
    paragraphs, options = [], []
    for block in blocks:
        lines = block.splitlines()
        if lines[0].startswith(" "):
            paragraphs.append("\n".join(line.strip() for line in lines))
        else:
            options += _listed(lines[1:])
    *said, example = paragraphs
    return Help(_after_colon(usage), tuple(said), tuple(options), _after_colon(example))


def _after_colon(text: str) -> str:
    """Return a text without the word before its first colon, of either width: `Usage:`, `Example:`."""
    return re.split(r"[:\uff1a]\s*", text, maxsplit=1)[-1].strip()


def _listed(lines: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in lines:
        option = _OPTION.match(line)
        if option:
            found.append((option[1], option[2] or ""))
        else:
            name, meaning = found[-1]
            found[-1] = (name, f"{meaning} {line.strip()}".strip())
    return found
