"""Make the commits of a workspace that is made again, without changing its files or its branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.workspace.commits import Step, change_stream, commit_stream
from yolopatch.outside.workspace.replay import Replay, Replayed
from yolopatch.outside.workspace.workspace import NEXT


@dataclass(frozen=True)
class Made:
    """Commits that were made.

    Attributes:
        base: the id of yolopatch's newest commit.
        own: the ids of the user's commits on it, oldest first.
    """

    base: str
    own: tuple[str, ...]

    @property
    def tip(self) -> str:
        """The id of the newest commit."""
        return self.own[-1] if self.own else self.base


def make_commits(repository: Repository, root: str, steps: Sequence[Step], replay: Replay) -> Made:
    """Make our commits on the root and the user's on them, and point NEXT at the newest.

    Raises:
        GitError: git cannot write them; nothing was changed.
    """
    git_dir = repository.path / ".git"
    before = set(crash_files(git_dir))
    try:
        # git makes the user's trees here, and the commits are made of them below, with all of their headers
        own = b"".join(change_stream(NEXT, one.changes, replay.made) for one in replay.done)
        repository.run("fast-import", "--quiet", "--force", stdin=commit_stream(NEXT, root, steps) + own)
        base, *trees = _made(repository, len(replay.done))
        made = Made(base, tuple(_move(repository, base, replay.done, trees)))
        repository.run("update-ref", NEXT, made.tip)
        return made
    except BaseException:  # interrupted, too
        for file in set(crash_files(git_dir)) - before:
            file.unlink(missing_ok=True)
        with suppress(GitError):  # the disk may be full: the next run removes it
            repository.run("update-ref", "-d", NEXT)
        raise


def _made(repository: Repository, count: int) -> list[str]:
    """Return the id of our newest commit, and the trees of the `count` commits above it."""
    records = repository.run("log", "--first-parent", f"--max-count={count + 1}", "--format=%H %T", NEXT).splitlines()
    pairs = [record.split(" ") for record in reversed(records)]
    return [pairs[0][0], *(tree for _, tree in pairs[1:])]


def _move(repository: Repository, base: str, commits: Sequence[Replayed], trees: Sequence[str]) -> Iterator[str]:
    parent = base
    for one, tree in zip(commits, trees):
        parent = repository.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=one.raw.on(parent, tree)).strip()
        yield parent


def crash_files(git_dir: Path) -> list[Path]:
    """Return what a failed or killed git leaves: a crash report, and incomplete packs and objects."""
    patterns = ("fast_import_crash_*", "objects/pack/tmp_*", "objects/*/tmp_obj_*")
    return [file for pattern in patterns for file in git_dir.glob(pattern)]
