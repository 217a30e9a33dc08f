"""The user's code, asked for something that no other task asks for: where it fails, nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CodeFailed(Exception):
    """The code of a model or of its loss raised."""


@contextmanager
def users_code() -> Iterator[None]:
    """Run code of the user's; none of our own belongs in the block, whose mistakes it would hide.

    Raises:
        CodeFailed: the code raised anything.
    """
    try:
        yield
    except Exception as error:
        raise CodeFailed from error
