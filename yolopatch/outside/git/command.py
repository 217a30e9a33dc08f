"""The only place that runs git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.errors import YolopatchError

if TYPE_CHECKING:
    from git.cmd import Git

    AutoInterrupt = Git.AutoInterrupt

FREE_SOME_SPACE = "the disk seems to be full: free some space and run the command again"

# Whatever the user's configuration says: the same bytes and ids, no hooks, no prompt, no background work.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.fsync=none",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.unpackLimit=1",
    "fetch.writeCommitGraph=false",
    "fastimport.unpackLimit=1",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "log.showSignature=false",
    "protocol.file.allow=always",
    # the cache is bare, and a user may have told git to distrust those that it comes across
    "safe.bareRepository=all",
    # a mirror that has gone silent is given up after a minute, and the next source is tried
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)
# What git says, by the place at which it found no more room.
_FULL = (
    *("no space left on device", "disk quota exceeded", "out of diskspace"),
    *("unable to write", "couldn't write", "write error"),
)

# Files are written as they are stored. They are not looked at so: line ends of the user's are no edits.
_AS_STORED = ("core.autocrlf=false", "core.eol=lf", "core.attributesFile=/dev/null")
_OUTER = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_DIFF_OPTS",
    "GIT_EXTERNAL_DIFF",
)
_DATE = f"{EPOCH} +0000"
_ENVIRONMENT = {
    # who makes commits and moves branches; git refuses to work with a date of the user's that it cannot read
    "GIT_AUTHOR_NAME": AUTHOR_NAME,
    "GIT_AUTHOR_EMAIL": AUTHOR_EMAIL,
    "GIT_AUTHOR_DATE": _DATE,
    "GIT_COMMITTER_NAME": AUTHOR_NAME,
    "GIT_COMMITTER_EMAIL": AUTHOR_EMAIL,
    "GIT_COMMITTER_DATE": _DATE,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


class GitError(YolopatchError):
    """A git command failed; its own words are in `details`."""


@dataclass(frozen=True)
class Entry:
    """One file of a git tree."""

    mode: str
    blob: str
    path: str


class Repository:
    """A git repository, bare or with a work tree.

    Args:
        path: the folder; for a work tree its top.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run one git command here and return its standard output, decoded.

        Raises:
            GitError: it failed, or git is not installed.
        """
        return self.run_bytes(*arguments, stdin=stdin).decode("utf-8", "surrogateescape")

    def run_bytes(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run one git command here and return its standard output as bytes."""
        code, out, err = self._communicate(arguments, stdin)
        if code:
            words = err.decode("utf-8", "replace").strip().splitlines()
            raise GitError(
                f"git {arguments[0]} failed in {self.path} (exit code {code})",
                details=words[-5:],
                hint=_hint(words),
            )
        return out

    def _communicate(self, arguments: Sequence[str], stdin: bytes) -> tuple[int, bytes, bytes]:
        process = self._start(arguments, {**_ENVIRONMENT, **self._only_here()})
        git = process.proc  # GitPython ends it when `process` is no longer referenced
        assert git is not None
        try:
            out, err = git.communicate(stdin)
        except BaseException:
            # interrupted: let git remove its locks before we clean up
            git.terminate()
            git.wait()
            raise
        return git.returncode, out, err

    def _start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> AutoInterrupt:
        if not os.access(self.path, os.X_OK):  # GitPython would then run git wherever we are
            raise GitError(f"{self.path} cannot be entered")
        chosen = _SETTINGS if arguments[0] == "status" else (*_SETTINGS, *_AS_STORED)
        settings = [word for setting in chosen for word in ("-c", setting)]
        git = _gitpython()
        try:
            with _no_outer_repository():
                started: AutoInterrupt = git.Git(self.path).execute(
                    ["git", *settings, *arguments], as_process=True, istream=subprocess.PIPE, env=environment
                )
        except git.exc.GitCommandNotFound as error:
            raise _no_git() from error
        return started

    def _only_here(self) -> dict[str, str]:
        """Keep git from looking for a repository further up, where there is none here."""
        return {"GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(self.path))}

    def entries(self, tree: str) -> list[Entry]:
        """List every file of a tree (a commit's, a tag's), recursively."""
        listing = self.run("ls-tree", "-r", "-z", tree)
        return [_entry(line) for line in listing.split("\0") if line]

    def read_blobs(self, blobs: Sequence[str]) -> list[bytes]:
        """Return the content of these blobs (ids, or `commit:path`), in their order.

        Raises:
            GitError: one of them is missing.
        """
        if not blobs:
            return []
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


def _gitpython() -> ModuleType:
    try:
        import git  # not at the top: it runs git when it is imported, and fails where there is none
    except ImportError as error:
        raise _no_git() from error
    return git


def _no_git() -> YolopatchError:
    # no GitError: nothing is wrong with the repository
    return YolopatchError("git is not installed or not on PATH", hint="install git 2.30 or newer")


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


def is_disk_full(words: Iterable[str]) -> bool:
    """Tell whether git's words are those that it has for a full disk."""
    return any(sign in line.lower() for line in words for sign in _FULL)


def _hint(words: Sequence[str]) -> str:
    return FREE_SOME_SPACE if is_disk_full(words) else ""
