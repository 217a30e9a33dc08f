"""Where a stamp's fork is not what would be built here, one line for each difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yolopatch.core.checkpoint.stamp import Stamped
from yolopatch.core.workspace.commit_message import Applied, Compat


def other_patches(stamped: Stamped, applied: Sequence[Applied], compat: Compat | None) -> Iterator[str]:
    """Give the modules, and the mends, whose patches here have other sums than the stamp's."""
    here = {one.name: one.patch_sum for one in applied}
    for module in stamped.modules:
        if here[module.name] != module.patch:
            yield _told(f"the patch of {module.name} ({module.flavor})", module.patch, here[module.name])
    if compat and compat.patch_sum != stamped.compat:
        yield _told("the compatibility patch", str(stamped.compat), compat.patch_sum)


def other_commits(stamped: Stamped, source: str, built_on: str, commit: str) -> Iterator[str]:
    """Give the commits that would be others here.

    Args:
        source: the kind of source that the pin's content came from here.
        built_on: what the commit below the stamp's own would be here.
        commit: what the stamp's own would be.
    """
    if stamped.source != source:
        yield _told("the source", stamped.source, source)
    if stamped.built_on != built_on:
        yield _told("the commit that the stamp is built on", stamped.built_on, built_on)
    elif stamped.commit and stamped.commit != commit:
        yield _told("the stamp's commit", stamped.commit, commit)


def beyond_us(stamped: Stamped) -> Iterator[str]:
    """Give what of the fork was its user's own, which nothing but their own copy has."""
    if stamped.head:
        yield f"commits of the user's own: {stamped.head} was checked out, on top of {stamped.commit}"
    if stamped.edited:
        more = f" and {len(stamped.edited) - 8} more" if len(stamped.edited) > 8 else ""
        yield f"changes in no commit: {', '.join(stamped.edited[:8])}{more}"


def _told(what: str, stamp: str, here: str) -> str:
    return f"{what}: {stamp[:12]} in the checkpoint, {here[:12]} here"
