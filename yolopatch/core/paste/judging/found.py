"""What was found out about a class."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.core.paste.calls import Given


@dataclass(frozen=True)
class Found:
    """A kind that a class can be.

    Attributes:
        kind: a key of `KINDS`.
        why: the reason, in one sentence.
        given: the values of its constructor's arguments.
        outputs, spread, stem: as in `Module`.
        doubt: what may be wrong; "" if nothing is known.
        limited: whether it works only in some rows, and perhaps not in its usual place.
    """

    kind: str
    why: str
    given: tuple[Given, ...]
    outputs: str = ""
    spread: bool = False
    stem: str = ""
    doubt: str = ""
    limited: bool = False
