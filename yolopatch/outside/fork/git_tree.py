"""A fork in a git repository without its files on the disk: bare, or cloned without a checkout."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.fork.listing import LINKS, SUBMODULES, Listing, check_count, check_names, not_read
from yolopatch.outside.git.command import GitError, Repository

_LINK, _REPOSITORY = "120000", "160000"  # modes of git's entries
_REVISION = "HEAD"


@dataclass(frozen=True)
class GitTree:
    """The commit that a git repository has checked out, or would check out."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the folder, without the ending of bare repositories; "" for a folder `.git`."""
        return self.path.name.removesuffix(".git")

    def listing(self) -> Listing:
        """Return the files of the commit.

        Raises:
            YolopatchError: there is no commit, or it has too many files.
            SourceError: a path leads out of the tree.
        """
        check_count(len(self._entries), self.path)
        files = {path: size for path, (mode, _, size) in self._entries.items() if mode not in (_LINK, _REPOSITORY)}
        check_names(files, self.path)
        modes = [mode for mode, _, _ in self._entries.values()]
        left_out = {LINKS: modes.count(_LINK), SUBMODULES: modes.count(_REPOSITORY)}
        lacking = sum(size is None for size in files.values())
        content = f"the repository lacks the content of {lacking:,} file{'s' * (lacking != 1)}"
        notes = (*not_read(left_out), *([content] if lacking else []))
        return Listing({path: size or 0 for path, size in files.items()}, notes)

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Return the content of these files."""
        blobs = {path: self._entries[path][1] for path in paths if self._entries[path][2] is not None}
        return dict(zip(blobs, Repository(self.path).read_blobs(list(blobs.values()))))

    @cached_property
    def _entries(self) -> dict[str, tuple[str, str, int | None]]:
        """The mode, the blob and the size of every file; a size of None where the repository lacks the content."""
        repository = Repository(self.path)
        try:
            listed = repository.run("ls-tree", "-r", "-l", "-z", _REVISION)
        except GitError as error:
            raise YolopatchError(
                f"the git repository {self.path} has no commit that can be read",
                details=error.details,
                hint="clone the fork again, or unpack a release of it, and name the folder",
            ) from error
        return dict(map(_entry, filter(None, listed.split("\0"))))


def _entry(line: str) -> tuple[str, tuple[str, str, int | None]]:
    facts, _, path = line.partition("\t")
    mode, _, blob, size = facts.split()
    return path, (mode, blob, int(size) if size.isdigit() else None)
