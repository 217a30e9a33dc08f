"""Where a node keeps what it needs for runs of others: workspaces as a cache, and a folder for each run at work."""

from __future__ import annotations

import platform
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.files.held import held_folder, sweep
from yolopatch.outside.files.lock import ANOTHER_CACHE

_RUN = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class NodeFolder:
    """The folder of one node; nodes may share a home folder, so each has its own below the cache."""

    path: Path

    @classmethod
    def of(cls, cache: Path) -> NodeFolder:
        """Return that of this machine."""
        return cls(cache / "cluster" / re.sub(r"[^\w.-]", "_", platform.node() or "node"))

    def workspace(self, commit: str) -> Path:
        """Return the workspace whose newest commit has this id."""
        return self.path / "workspaces" / commit[:16]

    def read_mark(self, data: str) -> Path:
        """Return the file that says that upstream has read a data set here."""
        return self.path / "read" / data[:32]

    @contextmanager
    def run(self) -> Iterator[Path]:
        """Give an empty folder for a run. It is removed at the end; what killed runs left is removed now."""
        runs = self.path / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        sweep(runs, lambda name: _RUN.fullmatch(name) is not None)

        def make() -> Path:
            folder = runs / secrets.token_hex(6)
            folder.mkdir()
            return folder

        with held_folder(make, ANOTHER_CACHE) as folder:
            yield folder
            remove_tree(folder)
