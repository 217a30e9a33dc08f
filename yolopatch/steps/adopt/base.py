"""The release that a fork began from, and its content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.pins import find_pin
from yolopatch.core.fork.against import beside, lines_apart
from yolopatch.core.fork.base import Base
from yolopatch.core.fork.identify import identify
from yolopatch.core.fork.index import ReleaseIndex
from yolopatch.core.fork.packages import is_of_package
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import SourceError, YolopatchError
from yolopatch.outside.source.bases import find_base, load_index
from yolopatch.outside.source.releases import Release
from yolopatch.outside.source.store import pristine

AUTO = "auto"
_TRIED = 5  # commits whose content is compared; each is fetched


@dataclass(frozen=True)
class FoundBase:
    """The release that a fork began from.

    Attributes:
        base: how much of it the fork has.
        release: its content.
        next_best: the release that would be the base without it; None where no other has any file.
        lacking: why the commit that the fork was copied from cannot be had, so that the release before it stands for
            it; "" where it was had, or it is no commit.
    """

    base: Base
    release: Release
    next_best: Base | None = None
    lacking: str = ""


def find_fork_base(fork: ForkTree, asked: str, cache: Path) -> FoundBase:
    """Return the release that a fork began from.

    Args:
        fork: the fork.
        asked: AUTO to find it by the content of the files, or its name: `ultralytics==8.2.50`.
        cache: the cache folder, for the release.

    Raises:
        YolopatchError: no release has any file of the fork.
        UsageError: the name is none of a release.
        SourceError: the release cannot be had; for a commit after a release, neither of both.
    """
    if asked != AUTO:
        release = content_of(asked, cache)
        return FoundBase(beside(fork, release.version, release.files), release)
    index = load_index(fork.upstream)
    found = identify(fork, index)
    if not found:
        raise YolopatchError(
            f"no file of {fork.name} is of any release of {fork.upstream}",
            details=[f"looked at: {len(fork.files):,} files in {fork.place or 'the root of the fork'}"],
            hint=f"name the release that it began from: --base {fork.upstream}==VERSION",
        )
    base, next_best = found[0], found[1] if len(found) > 1 else None
    tied = base.equal if index.commits else ()
    try:
        return FoundBase(*_nearest(fork, base, tied, index, cache), next_best)
    except SourceError as error:
        if base.commit is None and not tied:
            raise
        why = error.what
    return _without_commit(fork, base, next_best, why, cache)


def _nearest(fork: ForkTree, base: Base, tied: Sequence[str], index: ReleaseIndex, cache: Path) -> tuple[Base, Release]:
    """Return the base and its content: of commits that its files and definitions do not tell apart, the nearest one.

    An author may have changed the very function that upstream changed in one of them.

    Raises:
        SourceError: one of them cannot be had.
    """
    names = [base.release, *reversed(tied)][:_TRIED]
    releases = {name: content_of(f"{base.upstream}=={name}", cache) for name in names}
    if not tied:
        return base, releases[base.release]
    apart = {name: lines_apart(fork.files, release.files) for name, release in releases.items()}
    best = min(names, key=lambda name: apart[name])
    equal = tuple(name for name in index.releases if name != best and apart.get(name) == apart[best])
    return replace(base, release=best, equal=equal, commit=index.commits.get(best)), releases[best]


def _without_commit(fork: ForkTree, base: Base, next_best: Base | None, why: str, cache: Path) -> FoundBase:
    """Return the release that stands for a commit that cannot be had.

    Raises:
        SourceError: nor can the release.
    """
    if base.commit is None:  # a commit as likely as the release cannot be had
        return FoundBase(base, content_of(base.name, cache), next_best)
    release = content_of(f"{base.upstream}=={base.commit.after}", cache)
    stands_for = replace(beside(fork, release.version, release.files), commit=base.commit)
    return FoundBase(stands_for, release, None, why)


def content_of(name: str, cache: Path) -> Release:
    """Return the content of a release: of its pin where it has one, which is checked and may be in the cache.

    Args:
        name: `ultralytics==8.2.50`, `ultralytics-8.2.50`, or any other form that `find_base` takes.
        cache: the cache folder.

    Raises:
        UsageError: it names no release.
        SourceError: the release cannot be had.
    """
    pin = find_pin(name.replace("==", "-"))
    if pin is None:
        return find_base(name, cache)
    with pristine(pin, "auto", cache) as found:
        blobs = {path: blob for path, blob in found.blobs.items() if is_of_package(pin.upstream, path)}
        files = dict(zip(blobs, found.repository.read_blobs(list(blobs.values()))))
    return Release(pin.name, pin.version, f"pin {pin.name}", files, pin.git, pin.wheel)
