"""A commit as git stores it: to make it again on another parent, all else stays byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGNED = re.compile(rb"^gpgsig(-sha256)? ", re.MULTILINE)


@dataclass(frozen=True)
class RawCommit:
    """A commit.

    Attributes:
        headers: all of its headers, each with its line end.
        rest: the empty line after them, and the message.
    """

    headers: bytes
    rest: bytes

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of its parents."""
        return tuple(found.decode() for found in re.findall(rb"^parent (\S+)$", self.headers, re.MULTILINE))

    @property
    def is_signed(self) -> bool:
        """Whether it has a signature, which holds for these bytes only."""
        return bool(_SIGNED.search(self.headers))

    def on(self, parent: str, tree: str) -> bytes:
        """Return the commit with one other parent and another tree: authors, dates, encoding and message stay."""
        _, _, others = self.headers.split(b"\n", 2)  # its tree and its one parent come first
        return b"tree %s\nparent %s\n%s%s" % (tree.encode(), parent.encode(), others, self.rest)


def read_raw(data: bytes) -> RawCommit:
    """Return the commit in the content of a git object."""
    headers, blank, message = data.partition(b"\n\n")
    return RawCommit(headers + blank[:1], blank[1:] + message)
