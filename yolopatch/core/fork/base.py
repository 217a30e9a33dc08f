"""The release that a fork began from, or the commit of an upstream between two releases."""

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


@dataclass(frozen=True)
class Base:
    """The release whose files a fork has.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        release: its version: `8.2.50`; of a commit after a release its name: `7.0+112`.
        same: the number of the release's files that the fork has, line ends, formatting and comments aside.
        changed: of those that it has with another content.
        added: of files that the release does not have.
        missing: of the release's files that it does not have.
        equal: the releases that have as many of its files, with this one, oldest first.
        others: releases that have files of the fork which this one does not have, and how many; most first.
        said: the version that the fork says it is; "" if it says none.
        commit: the commit whose files the fork has; None where it is of a release. Where that commit cannot be had,
            the release before it stands for it.
    """

    upstream: str
    release: str
    same: int
    changed: int
    added: int
    missing: int
    equal: tuple[str, ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    said: str = ""
    commit: Commit | None = None

    @property
    def name(self) -> str:
        """As `adopt --base` takes it: `ultralytics==8.2.50`."""
        return f"{self.upstream}=={self.release}"
