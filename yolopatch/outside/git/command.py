"""The only place that runs git."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.core.text import hide_passwords
from yolopatch.errors import YolopatchError
from yolopatch.outside.child.bounds import Bounds, OversteppedError, communicate_within
from yolopatch.outside.child.jobs import held
from yolopatch.outside.child.lifeline import end_children, ending_with_us
from yolopatch.outside.files.system_errors import advice, cause_of
from yolopatch.wire import shell

if TYPE_CHECKING:
    from git.cmd import Git

    AutoInterrupt = Git.AutoInterrupt

OLDEST = (2, 25)  # the oldest git with which every command was tried
_INSTALL = f"install git {'.'.join(map(str, OLDEST))} or newer"

# With any configuration of the user: the same bytes and ids, no hooks, no prompts, no background work.
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.fsync=none",
    "core.longpaths=true",  # for Windows: a workspace may lie deep
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.unpackLimit=1",
    "fetch.writeCommitGraph=false",
    "fastimport.unpackLimit=1",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "log.showSignature=false",
    "merge.conflictStyle=merge",
    "protocol.file.allow=always",
    "protocol.ext.allow=never",
    # a repository inside the work tree has a configuration of its own
    "submodule.recurse=false",
    # the cache has bare repositories, and a user's git may be configured to refuse them
    "safe.bareRepository=all",
    # after a minute with less than a thousand bytes a second, git gives up and the next source is tried
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
)
# Write files exactly as they are stored. Not for `status`: line ends that the user's git converts are not edits.
_AS_STORED = ("core.autocrlf=false", "core.eol=lf", f"core.attributesFile={os.devnull}")
# They read or write files of the work tree, and would run the filters that git is configured to have for them.
_FILTERING = ("status", "reset")
# They note in a log where a branch was. With our fixed date, git would take the note for old and drop what it names.
_LOGGING = ("reset", "update-ref")
# The commands that reach other repositories, all from a repository that we have just made. Any other would only do so
# for an object that is missing, with programs that the repository's configuration names.
_FETCHING = ("fetch",)
# A server may send without an end. The tag v6.1 of yolov5 has 1 MB.
_FETCHED = 256 * 1024**2  # bytes
_MESSAGES = 4 * 1024**2  # bytes of what a server wants to be shown
_FETCH_TIME = 1800  # seconds; with a slow line, minutes
_FETCH_MEMORY = 2 * 1024**3  # bytes, for each program that git starts: one holds all the names of a server's branches
_LIMITED = "yolopatch-limited"  # our name for the command with this limit
_OUT_OF_MEMORY = (b"out of memory", b"virtual memory")  # in git's words
_NO_FETCHING = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
# The cache's repositories may be another user's: their content is checked against the manifest, and what is run in them
# runs no program of theirs. A workspace of another user stays git's to refuse.
_OF_THE_CACHE = ("safe.directory=*",)
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
_MOST_CONFLICTS = 127  # git tells by its exit code how many there are, up to this number
_DATE = f"{EPOCH} +0000"
_ENVIRONMENT = {
    # the author of commits and branch updates; git fails if these variables contain a date that it cannot read
    "GIT_AUTHOR_NAME": AUTHOR_NAME,
    "GIT_AUTHOR_EMAIL": AUTHOR_EMAIL,
    "GIT_AUTHOR_DATE": _DATE,
    "GIT_COMMITTER_NAME": AUTHOR_NAME,
    "GIT_COMMITTER_EMAIL": AUTHOR_EMAIL,
    "GIT_COMMITTER_DATE": _DATE,
    "GIT_TERMINAL_PROMPT": "0",
    # ssh must not ask either: git is not in the terminal's foreground, and would be stopped there without a word
    "SSH_ASKPASS_REQUIRE": "force",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}


class GitError(YolopatchError):
    """A git command failed; the last lines of its output are in `details`."""


@dataclass(frozen=True)
class Entry:
    """One file of a git tree."""

    mode: str
    blob: str
    path: str


class Repository:
    """A git repository, bare or with a work tree.

    Args:
        path: its folder; with a work tree, the top folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run a git command in the repository and return its standard output as text.

        Raises:
            GitError: it failed.
            YolopatchError: git is not installed.
        """
        return self.run_bytes(*arguments, stdin=stdin).decode("utf-8", "surrogateescape")

    def run_bytes(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a git command in the repository and return its standard output as bytes."""
        code, out, err = self._communicate(arguments, stdin, self._filters_off() if arguments[0] in _FILTERING else ())
        if code:
            raise self._failed(arguments[0], code, err)
        return out

    def merge_file(self, yours: Path, before: Path, ours: Path, marker_size: int) -> tuple[bool, bytes]:
        """Merge the texts of three files.

        Returns:
            whether there is no conflict, and the merged text, with markers where there are conflicts.

        Raises:
            GitError: it failed, as for a file that is no text.
        """
        forms = ("-p", "-q", f"--marker-size={marker_size}", *("-L", "yolopatch", "-L", "before", "-L", "yours"))
        code, out, err = self._communicate(("merge-file", *forms, str(ours), str(before), str(yours)), b"")
        if code > _MOST_CONFLICTS:
            raise self._failed("merge-file", code, err)
        return code == 0, out

    def _failed(self, command: str, code: int, err: bytes) -> GitError:
        self._check_version()  # only now: it takes as long as a command
        lines = hide_passwords(err.decode("utf-8", "replace")).strip().splitlines()
        return GitError(
            f"git {command} failed in {self.path} (exit code {code})",
            details=lines[-5:],
            hint=advice(cause_of(lines, self.path), self.path),
        )

    def _check_version(self) -> None:
        """Check that git is new enough.

        Raises:
            YolopatchError: it is not.
        """
        _, out, _ = self._communicate(("version",), b"")
        found = re.match(r"git version ((\d+)\.(\d+)\S*)", out.decode("utf-8", "replace"))
        if found and (int(found[2]), int(found[3])) < OLDEST:
            raise YolopatchError(f"git {found[1]} is too old", hint=_INSTALL)

    def _filters_off(self) -> list[str]:
        """Return the settings that turn off every filter of the configuration: git shall not run its programs.

        Without them, files are compared and written as they are stored; none of a user's is taken for unchanged.

        Raises:
            GitError: one has a name that git takes for another one in a setting.
        """
        words = ("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.")
        code, out, err = self._communicate(words, b"")
        if code > 1:  # 1: there is none
            raise self._failed("config", code, err)
        keys = [key for key in out.decode("utf-8", "surrogateescape").split("\0") if key]
        odd = next((key for key in keys if "=" in key or "\n" in key), None)
        if odd:
            unset = shell.join(["git", "-C", str(self.path), "config", "--unset-all", odd])
            raise GitError(
                f"git has a filter in {self.path} that cannot be turned off: {odd!r}", details=[f"remove it: {unset}"]
            )
        filters = dict.fromkeys(key.rpartition(".")[0] for key in keys)
        return [f"{one}.{part}" for one in filters for part in ("clean=", "smudge=", "process=", "required=false")]

    def _communicate(
        self, arguments: Sequence[str], stdin: bytes, settings: Sequence[str] = ()
    ) -> tuple[int, bytes, bytes]:
        fetches = arguments[0] in _FETCHING and not any(map(is_on_disk, arguments))
        now = {"GIT_COMMITTER_DATE": f"{int(time.time())} +0000"} if arguments[0] in _LOGGING else {}
        environment = {**_ENVIRONMENT, **now, **self._only_here(arguments[0])}
        if fetches:  # from a stranger's server
            settings, arguments = (*settings, *_limited(arguments[0])), (_LIMITED, *arguments[1:])
        process = self._start(arguments, settings, environment)
        git = process.proc  # GitPython ends it when `process` is no longer referenced
        assert git is not None
        with held(git):
            try:
                bounds = Bounds(self.path, _FETCHED, _MESSAGES, _FETCH_TIME)
                out, err = communicate_within(git, stdin, bounds) if fetches else git.communicate(stdin)
            except BaseException:
                # interrupted: let git remove its locks before we clean up
                git.terminate()
                git.wait()
                if fetches:
                    end_children()  # what it has started goes on reading what the server sends
                raise
        if fetches and git.returncode and any(words in err.lower() for words in _OUT_OF_MEMORY):
            raise OversteppedError(f"it sends more than {_FETCH_MEMORY / 1024**3:g} GB of memory can hold")
        return git.returncode, out, err

    def _start(self, arguments: Sequence[str], more: Sequence[str], environment: Mapping[str, str]) -> AutoInterrupt:
        if not os.access(self.path, os.X_OK):  # GitPython would run git in the current folder then
            raise GitError(f"the folder {self.path} cannot be opened")
        chosen = _SETTINGS if arguments[0] == "status" else (*_SETTINGS, *_AS_STORED)
        of_the_cache = () if (self.path / ".git").exists() else _OF_THE_CACHE
        settings = [word for setting in (*chosen, *of_the_cache, *more) for word in ("-c", setting)]
        git = _gitpython()
        try:
            with _no_outer_repository():
                started: AutoInterrupt = git.Git(self.path).execute(
                    ["git", *settings, *arguments],
                    as_process=True,
                    istream=subprocess.PIPE,
                    env=environment,
                    # else it would go on writing while the next run starts
                    **ending_with_us(),
                )
        except git.exc.GitCommandNotFound as error:
            raise _no_git() from error
        return started

    def _only_here(self, command: str) -> dict[str, str]:
        """Return the variables that keep git from other folders and repositories, whatever the configuration says."""
        here = {"GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(self.path))}
        if (self.path / ".git").exists():
            here["GIT_WORK_TREE"] = os.path.abspath(self.path)  # not the one of `core.worktree`
        return here if command in _FETCHING else {**here, **_NO_FETCHING}

    def entries(self, tree: str) -> list[Entry]:
        """Return every file of a tree, a commit or a tag, with those in subfolders."""
        listing = self.run("ls-tree", "-r", "-z", tree)
        return [_entry(line) for line in listing.split("\0") if line]

    def read_blobs(self, blobs: Sequence[str]) -> list[bytes]:
        """Return the contents of these blobs (ids, or `commit:path`), in the same order.

        Raises:
            GitError: one of them is missing.
        """
        if not blobs:
            return []
        stream = self.run_bytes("cat-file", "--batch", stdin="".join(b + "\n" for b in blobs).encode())
        contents, at = [], 0
        for blob in blobs:
            end = stream.index(b"\n", at)
            words = stream[at:end].split()
            if len(words) != 3:
                raise GitError(f"{self.path} lacks the object {blob}")
            at = end + 1
            contents.append(stream[at : at + int(words[2])])
            at += int(words[2]) + 1
        return contents

    def resolve(self, *revisions: str) -> list[str]:
        """Return the full ids of these revisions."""
        return self.run("rev-parse", "--verify" if len(revisions) == 1 else "--revs-only", *revisions).split()


def is_on_disk(url: str) -> bool:
    """Return whether it is the address of a repository on the user's own disk, which may hold any amount."""
    return url.startswith("file://")


def _limited(command: str) -> tuple[str, ...]:
    """Return the settings that make `_LIMITED` the command with limited memory, for all programs that it starts, too.

    git itself lets a shell do this: a limit that is set from here, after git has started, comes too late for some.
    """
    # one thread: each would count for the memory, on a machine with many cores for more than there is
    return "pack.threads=1", f"alias.{_LIMITED}=!ulimit -v {_FETCH_MEMORY // 1024} 2>/dev/null; exec git {command}"


def _gitpython() -> ModuleType:
    try:
        import git  # not at the top: the import runs git, and fails if git is not installed
    except ImportError as error:
        raise _no_git() from error
    return git


def _no_git() -> YolopatchError:
    # not a GitError: the repository is not the problem
    return YolopatchError("git is not installed or not on PATH", hint=_INSTALL)


@contextmanager
def _no_outer_repository() -> Iterator[None]:
    """Remove the variables that name another repository: yolopatch may be called from a git hook."""
    hidden = {name: os.environ.pop(name) for name in _OUTER if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _entry(line: str) -> Entry:
    facts, _, path = line.partition("\t")
    mode, _, blob = facts.split(" ")
    return Entry(mode, blob, path)
