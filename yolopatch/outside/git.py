"""The only place that runs git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import git

from yolopatch.errors import YolopatchError

# Whatever the user's configuration says: the same bytes on disk, no hooks, no prompt, no colour.
_SETTINGS = (
    "core.autocrlf=false",
    "core.eol=lf",
    "core.hooksPath=/dev/null",
    "core.fsync=none",
    "gc.auto=0",
    "fetch.unpackLimit=1",
    "fastimport.unpackLimit=1",
    "protocol.file.allow=always",
    "advice.detachedHead=false",
)
_OUTER = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_PAGER": "cat"}


class GitError(YolopatchError):
    """A git command failed; its own words are in `details`."""


@dataclass(frozen=True)
class Entry:
    """One file of a git tree."""

    mode: str
    blob: str
    path: str


def git_version() -> str:
    """Return what `git version` says.

    Raises:
        GitError: git is not installed.
    """
    return Repository(Path.cwd()).run("version").strip()


class Repository:
    """A git repository, bare or with a work tree.

    Args:
        path: the folder; for a work tree its top.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        """Run one git command here and return its standard output, decoded.

        Raises:
            GitError: it failed, or git is not installed.
        """
        return self.run_bytes(*arguments, stdin=stdin, environment=environment).decode("utf-8", "surrogateescape")

    def run_bytes(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run one git command here and return its standard output as bytes."""
        code, out, err = self._communicate(arguments, stdin, environment)
        if code:
            words = err.decode("utf-8", "replace").strip().splitlines()
            raise GitError(
                f"git {arguments[0]} failed in {self.path} (exit code {code})",
                details=words[-5:],
                hint=_hint(words),
            )
        return out

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether a git command exits 0 here."""
        return self._communicate(arguments, b"", None)[0] == 0

    def _communicate(
        self, arguments: Sequence[str], stdin: bytes, environment: Mapping[str, str] | None
    ) -> tuple[int, bytes, bytes]:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        try:
            with _no_outer_repository():
                process = git.Git(self.path).execute(
                    ["git", *settings, *arguments],
                    as_process=True,
                    istream=subprocess.PIPE,
                    env={**_ENVIRONMENT, **(environment or {})},
                )
        except git.exc.GitCommandNotFound as error:
            raise GitError("git is not installed or not on PATH", hint="install git 2.30 or newer") from error
        out, err = process.proc.communicate(stdin)
        return process.proc.returncode, out, err

    def entries(self, tree: str) -> list[Entry]:
        """List every file of a tree (a commit's, a tag's), recursively."""
        listing = self.run("ls-tree", "-r", "-z", tree)
        return [_entry(line) for line in listing.split("\0") if line]

    def read_blobs(self, blobs: Sequence[str]) -> list[bytes]:
        """Return the content of these blobs (ids, or `commit:path`), in their order.

        Raises:
            GitError: one of them is missing.
        """
        stream = self.run_bytes("cat-file", "--batch", stdin="".join(b + "\n" for b in blobs).encode())
        contents, at = [], 0
        for blob in blobs:
            header, _, _ = stream[at:].partition(b"\n")
            words = header.split()
            if len(words) != 3:
                raise GitError(f"{self.path} lacks the object {blob}")
            at += len(header) + 1
            contents.append(stream[at : at + int(words[2])])
            at += int(words[2]) + 1
        return contents

    def resolve(self, *revisions: str) -> list[str]:
        """Return the full ids of these revisions."""
        return self.run("rev-parse", "--verify" if len(revisions) == 1 else "--revs-only", *revisions).split()


@contextmanager
def _no_outer_repository() -> Iterator[None]:
    """Hide what names another repository: yolopatch may itself run inside somebody's git hook."""
    hidden = {name: os.environ.pop(name) for name in _OUTER if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _entry(line: str) -> Entry:
    facts, _, path = line.partition("\t")
    mode, _, blob = facts.split(" ")
    return Entry(mode, blob, path)


def _hint(words: Sequence[str]) -> str:
    if any("No space left on device" in word for word in words):
        return "the disk is full: free some space and run the command again"
    return ""
