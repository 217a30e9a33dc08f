"""A commit of an upstream between two releases, or after the last one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Commit:
    """One state of an upstream that is no release.

    Attributes:
        after: the last release before it: `7.0`.
        count: how many commits it is after that release.
        id: of the commit, 40 characters.
        date: when upstream made it: `2023-05-01`.
    """

    after: str
    count: int
    id: str
    date: str

    @property
    def name(self) -> str:
        """How it is named where a release has its version: `7.0+112`."""
        return f"{self.after}+{self.count}"
