"""What counts of a command's result: the user's files and repositories, and what lies on the disk beside them."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from lab import Sandbox
from yolopatch.core.tables.latex import escape_latex, escape_note
from yolopatch.core.tables.markdown import escape_markdown

_LOCK_OF_A_PATH = re.compile(r"-[0-9a-f]{12}\.lock$")  # in the cache: it names a folder, and each case has another
_TRIED_BY_PYTHON = re.compile(r"tmp/[a-z0-9_]{8}")  # `tempfile` looks with such a file whether it can write there
_TIMES = re.compile(rb"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|\d+\.\d+ s\b")
_RANDOM_ENTRIES = {".data/serialization_id"}  # torch numbers every file that it writes, by chance
_FIGURES = re.compile(rb"\d[\d.,]*")
_ENDS = 40  # bytes at the start and at the end of a file that show that it is whole


@dataclass(frozen=True)
class Counted:
    """What counts of a command's files; patterns are those of `fnmatch`, in which * stands for folders, too.

    Attributes:
        dated: files that hold the time of the run: everything else in them counts.
        measured: patterns of files that hold how long something took: it counts that they are there and whole.
        apart: patterns of files that differ in each run, and do not count.
    """

    dated: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Return whether a file counts at all."""
        return not any(fnmatch(name, pattern) for pattern in self.apart)

    def part(self, name: str, data: bytes) -> bytes:
        """Return what counts of a file's content."""
        if any(fnmatch(name, pattern) for pattern in self.measured):
            text = _FIGURES.sub(b"N", data)
            return text[:_ENDS] + text[-_ENDS:]
        return _timeless(data) if name in self.dated else data


ALL = Counted()


def git(folder: Path, *words: str, code: int | None = 0, variables: Mapping[str, str] | None = None) -> str:
    """Run git in a folder, as a user with a name, with more variables of the environment."""
    who = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **(variables or {})},
    )
    if code is not None and done.returncode != code:
        raise RuntimeError(f"git {words} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def result(sandbox: Sandbox, counted: Counted = ALL) -> dict[str, str]:
    """Return what a user sees: of each repository commit, branches and state, of each other file the content."""
    found = files(sandbox, counted)
    for top in _tops(sandbox):
        for one in (git_dir.parent for git_dir in top.rglob(".git")):
            name = _name(sandbox, one)
            found[f"{name}: commit"] = git(one, "rev-parse", "HEAD", code=None)
            status = git(one, "status", "--porcelain", "--branch", "--ignored", code=None).splitlines()
            found[f"{name}: status"] = "\n".join(line for line in status if not is_left_over(Path(line[3:])))
            found[f"{name}: branches"] = git(one, "for-each-ref", "refs/heads", code=None)
            found[f"{name}: fsck"] = git(one, "fsck", "--no-dangling", code=None)
    return {name: value for name, value in found.items() if not is_left_over(Path(name.partition(": ")[0]))}


def files(sandbox: Sandbox, counted: Counted = ALL) -> dict[str, str]:
    """Return the digest of each file of the user's folder and catalog, without those of git."""
    found = {}
    for top in _tops(sandbox):
        for file in top.rglob("*"):
            if ".git" not in file.relative_to(top).parts and file.is_file() and not is_left_over(file):
                name, data = _name(sandbox, file), file.read_bytes()
                if counted.has(name):
                    found[name] = hashlib.sha256(_placeless(counted.part(name, data), sandbox)).hexdigest()
    return found


def _timeless(data: bytes) -> bytes:
    """Return the content of a page or a checkpoint without times, and without the name that torch gave its archive."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        data = b"".join(b"%s %s" % (name.encode(), entries[name]) for name in sorted(entries.keys() - _RANDOM_ENTRIES))
    return _TIMES.sub(b"TIME", data)


def _placeless(data: bytes, sandbox: Sandbox) -> bytes:
    """Return a content without the path of the case's folder, as it is and as tables have it."""
    path = os.fsdecode(sandbox.path)
    for text in (path, escape_markdown(path), escape_latex(path), escape_note(path)):
        data = data.replace(os.fsencode(text), b"SANDBOX")
    return data


def _tops(sandbox: Sandbox) -> tuple[Path, Path]:
    return sandbox.work, sandbox.path / "catalog"


def names(sandbox: Sandbox) -> set[str]:
    """Return the path of everything that a command leaves: all but the objects of repositories, and the home folder."""
    found = set()
    for path in sandbox.path.rglob("*"):
        name = _name(sandbox, path)
        in_objects = "/objects/" in f"/{name}/"
        if (
            not name.startswith("home")
            and not _TRIED_BY_PYTHON.fullmatch(name)
            and (not in_objects or is_left_over(path))
        ):
            found.add(_LOCK_OF_A_PATH.sub("-PATH.lock", name))
    return found


def is_left_over(path: Path) -> bool:
    """Return whether a name is one that only a half-done piece of work has."""
    return any(part.startswith((".yolopatch-", "tmp_")) or part.endswith(".yolopatch-new") for part in path.parts)


def _name(sandbox: Sandbox, path: Path) -> str:
    return path.relative_to(sandbox.path).as_posix()
