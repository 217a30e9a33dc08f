"""What commits change, as git tells it from the trees alone: no configuration has a part in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yolopatch.core.replay.three_way import Change, Leaf
from yolopatch.outside.git.command import Repository

_FORMS = ("-r", "-z", "--raw", "--no-abbrev", "--no-commit-id", "--ignore-submodules=none")
_NOTHING = "000000"


def read_changes(repository: Repository, before: str, after: str) -> dict[str, Change]:
    """Return what differs between two commits, by path.

    Raises:
        GitError: the repository is damaged.
    """
    fields = iter(_diff(repository, "--no-renames", before, after))
    return {path: _change(facts) for facts, path in zip(fields, fields)}


def read_moves(repository: Repository, before: str, after: str) -> dict[str, str]:
    """Return the files that a commit moves: the new path by the old one. A file may be changed while it is moved.

    Raises:
        GitError: the repository is damaged.
    """
    # the limit bounds the time; beyond it, only files that were not changed are found
    return dict(_moves(_diff(repository, "-M50%", "-l1000", "--diff-filter=R", before, after)))


def _diff(repository: Repository, *arguments: str) -> list[str]:
    return repository.run("diff-tree", *_FORMS, *arguments).split("\0")[:-1]


def _change(facts: str) -> Change:
    # `:MODE MODE ID ID STATUS`
    modes_and_ids = facts.removeprefix(":").split(" ")
    old, new = (_leaf(modes_and_ids[n], modes_and_ids[n + 2]) for n in (0, 1))
    return Change(old, new)


def _leaf(mode: str, blob: str) -> Leaf | None:
    return None if mode == _NOTHING else Leaf(mode, blob)


def _moves(fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number in range(0, len(fields), 3):
        _, old, new = fields[number : number + 3]
        yield old, new
