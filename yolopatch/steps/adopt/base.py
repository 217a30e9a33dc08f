"""The release that a fork began from, and its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.pins import find_pin
from yolopatch.core.fork.against import beside
from yolopatch.core.fork.base import Base
from yolopatch.core.fork.identify import identify
from yolopatch.core.fork.packages import is_of_package
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import YolopatchError
from yolopatch.outside.source.bases import find_base, load_index
from yolopatch.outside.source.releases import Release
from yolopatch.outside.source.store import pristine

AUTO = "auto"


@dataclass(frozen=True)
class FoundBase:
    """The release that a fork began from.

    Attributes:
        base: how much of it the fork has.
        next_best: the release that would be the base without it; None where no other has any file.
        release: its content.
    """

    base: Base
    next_best: Base | None
    release: Release


def find_fork_base(fork: ForkTree, asked: str, cache: Path) -> FoundBase:
    """Return the release that a fork began from.

    Args:
        fork: the fork.
        asked: AUTO to find it by the content of the files, or its name: `ultralytics==8.2.50`.
        cache: the cache folder, for the release.

    Raises:
        YolopatchError: no release has any file of the fork.
        UsageError: the name is none of a release.
        SourceError: the release cannot be had.
    """
    if asked != AUTO:
        release = content_of(asked, cache)
        return FoundBase(beside(fork, release.version, release.files), None, release)
    found = identify(fork, load_index(fork.upstream))
    if not found:
        raise YolopatchError(
            f"no file of {fork.name} is of any release of {fork.upstream}",
            details=[f"looked at: {len(fork.files):,} files in {fork.place or 'the root of the fork'}"],
            hint=f"name the release that it began from: --base {fork.upstream}==VERSION",
        )
    return FoundBase(found[0], found[1] if len(found) > 1 else None, content_of(found[0].name, cache))


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
