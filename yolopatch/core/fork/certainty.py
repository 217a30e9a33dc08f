"""How sure it is which release a fork began from, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from yolopatch.core.fork.base import Base, Commit

_FEW = 0.5  # of the release's files: with fewer, the base is a guess
_NAMED = 3  # releases in a sentence


def certainty(base: Base, next_best: Base | None) -> tuple[str, ...]:
    """Return how much of its base a fork has, and what speaks for another one.

    Args:
        base: the release that was taken.
        next_best: the release that would be taken without it; None where no other has any file.
    """
    return tuple(_sentences(base, next_best))


def _sentences(base: Base, next_best: Base | None) -> Iterator[str]:
    every = base.same + base.changed + base.missing
    if base.commit:
        yield _copied(base.upstream, base.commit)
    if base.commit and base.commit.name != base.release:
        yield (
            f"that commit cannot be fetched here, so the fork is compared with {base.release}: where both"
            f" {base.upstream} and the author changed a function since then, all of it counts as the author's"
        )
    yield f"{base.same} of its {every} files are as in the fork, {base.changed} changed, {base.missing} missing"
    if base.equal:
        yield f"nothing tells it from {_listed(base.equal)}, of which the fork has as many files"
    elif next_best and base.release == base.said and next_best.same > base.same:
        yield f"it is of a commit on the way to {next_best.release}, of which it has {next_best.same} files already"
    elif next_best:
        yield f"{next_best.release} is the next best, with {next_best.same}"
    if base.others:
        parts = [f"{files} file{'s' * (files != 1)} of {release}" for release, files in base.others[:_NAMED]]
        more = f" and of {len(base.others) - _NAMED} more" if len(base.others) > _NAMED else ""
        yield f"files of other releases are in it: {', '.join(parts)}{more}"
    if base.said and base.said != base.release:
        yield f"the fork says that it is {base.said}"
    if base.same < _FEW * every:
        yield "that is few: the release may be another one, or the fork of something else"


def _copied(upstream: str, commit: Commit) -> str:
    if commit.count == 1:
        return f"it was copied from {commit.after} and 1 later commit of {upstream}, as of {commit.date}"
    return f"it was copied from {commit.after} and {commit.count} later commits of {upstream}, as of {commit.date}"


def _listed(releases: tuple[str, ...]) -> str:
    if len(releases) <= _NAMED:
        return " and ".join(releases)
    return f"{len(releases)} versions from {releases[0]} to {releases[-1]}"
