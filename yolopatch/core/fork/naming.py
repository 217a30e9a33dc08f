"""The name of the module that is made of a fork."""

from __future__ import annotations

import re

_LONGEST = 24  # letters: it ends the name of each of its classes
_WITHOUT_A_NAME = "Fork"


def module_name_of(fork: str) -> str:
    """Return the name of the module for a fork's name: letters and digits, a capital first.

    Args:
        fork: the name of its folder, repository or archive; of `owner+name` the part behind the sign counts.
    """
    words = re.findall(r"[A-Za-z0-9]+", fork.rpartition("+")[2])
    name = "".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST]
    return name if name[:1].isalpha() else f"{_WITHOUT_A_NAME}{name}"
