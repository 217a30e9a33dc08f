"""Differences between the fork in a stamp and the fork that would be built here, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.core.checkpoint.stamp import Stamped
from yolopatch.core.workspace.commit_message import Applied, Committed


def other_patches(
    stamped: Stamped, applied: Sequence[Applied], fix_patches: Mapping[FixPatch, Committed]
) -> Iterator[str]:
    """Yield the patches whose sums here differ from those in the stamp."""
    here = {one.name: one.patch_sum for one in applied}
    for module in stamped.modules:
        if here[module.name] != module.patch:
            yield _difference(f"the patch of {module.name} ({module.flavor})", module.patch, here[module.name])
    for patch, committed in fix_patches.items():
        named = stamped.fix_patches.get(patch, "none")
        if committed.patch_sum != named:
            yield _difference(patch.what, named, committed.patch_sum)


def other_commits(stamped: Stamped, source: str, built_on: str, commit: str) -> Iterator[str]:
    """Yield the commits whose ids here differ from those in the stamp.

    Args:
        source: the kind of source from which the pin was taken here.
        built_on: the id here of the commit below the stamp's own.
        commit: the id here of the stamp's own commit.
    """
    if stamped.source != source:
        yield _difference("the source", stamped.source, source)
    if stamped.built_on != built_on:
        yield _difference("the commit that the stamp is built on", stamped.built_on, built_on)
    elif stamped.commit and stamped.commit != commit:
        yield _difference("the stamp's commit", stamped.commit, commit)


def user_changes(stamped: Stamped) -> Iterator[str]:
    """Yield the user's own changes to the fork, which exist only in the user's copy."""
    if stamped.head:
        yield f"commits of the user's own: {stamped.head} was checked out, on top of {stamped.commit}"
    if stamped.edited:
        more = f" and {len(stamped.edited) - 8} more" if len(stamped.edited) > 8 else ""
        yield f"changes without a commit: {', '.join(stamped.edited[:8])}{more}"


def _difference(what: str, stamp: str, here: str) -> str:
    return f"{what}: {stamp[:12]} in the checkpoint, {here[:12]} here"
