"""Signs of other keyboards and of web pages that stand where code and YAML have signs of ASCII."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{MEDIUM MATHEMATICAL SPACE}\N{IDEOGRAPHIC SPACE}" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_NOTHING = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}\N{WORD JOINER}\N{SOFT HYPHEN}\ufeff"
_DASHES = "".join(map(chr, range(0x2010, 0x2016))) + "\N{MINUS SIGN}"
MEANT: Mapping[int, str] = {
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _NOTHING), ""),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms of ASCII
    ord("\N{IDEOGRAPHIC FULL STOP}"): ".",
    ord("\N{IDEOGRAPHIC COMMA}"): ",",
    ord("\N{LEFT BLACK LENTICULAR BRACKET}"): "[",
    ord("\N{RIGHT BLACK LENTICULAR BRACKET}"): "]",
    ord("\N{HORIZONTAL ELLIPSIS}"): "...",
}
"""By the code of a character, what it stands for: full-width forms, other spaces, dashes and brackets."""

_SIGN = re.compile("[" + re.escape("".join(map(chr, MEANT))) + "]")
_BEHIND = re.compile(r"(?:^|\s)#.*")  # a comment of YAML


class ForeignSign(NamedTuple):
    """A sign that stands where YAML has another.

    Attributes:
        line: its line, from 1.
        sign, meant: it, and what it stands for.
    """

    line: int
    sign: str
    meant: str

    def __str__(self) -> str:
        return f"{self.sign!r} (U+{ord(self.sign):04X}) where YAML has {self.meant!r}"


def has_foreign_sign(text: str) -> bool:
    """Tell whether a text has such a sign."""
    return bool(_SIGN.search(text))


def find_foreign_sign(lines: Sequence[str], first: int = 1) -> ForeignSign | None:
    """Return the first such sign of these lines of YAML, outside of comments; `first` is the first line's number."""
    for number, line in enumerate(lines, first):
        found = _SIGN.search(_BEHIND.sub("", line))
        if found:
            return ForeignSign(number, found[0], MEANT[ord(found[0])])
    return None
