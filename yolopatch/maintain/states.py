"""The states of an upstream that its index has: releases from their source, or a history of commits with its tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from yolopatch.core.fork.base import Commit
from yolopatch.core.text import blob_id
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import Repository
from yolopatch.outside.source.bases import find_base
from yolopatch.outside.source.pypi import list_versions
from yolopatch.outside.source.releases import PROJECT
from yolopatch.outside.source.store import cache_dir

_OLDEST = Version("8.0.0")
_AT_A_TIME = 4  # downloads
_HISTORY = "refs/history"
_FILE = "100"  # how the mode of a file begins; that of a link, or of a repository inside, does not


@dataclass(frozen=True)
class State:
    """The files of an upstream at one time.

    Attributes:
        release: the version, or a commit between two releases.
        blobs: the git blob id of each file, by path.
        files: the content of each file, by path.
    """

    release: str | Commit
    blobs: Mapping[str, str]
    files: Mapping[str, bytes]


def every_version() -> list[str]:
    """Fetch every release of ultralytics and return the versions, oldest first.

    Those that the package index withdrew, and does not list, are among them.

    Raises:
        SourceError: a release cannot be fetched.
    """
    listed = sorted(one for one in map(Version, list_versions(PROJECT)) if one >= _OLDEST)
    last = {(one.major, one.minor): one.micro for one in listed}
    numbers = {Version(f"{major}.{minor}.{one}") for (major, minor), micro in last.items() for one in range(micro)}
    every = list(map(str, sorted({*listed, *numbers})))
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        there = list(pool.map(_is_there, every))
    return [version for version, is_there in zip(every, there) if is_there]


def _is_there(version: str) -> bool:
    try:
        find_base(f"{PROJECT}=={version}", cache_dir())
    except UsageError:
        return False
    return True


def states_of_releases(versions: Sequence[str]) -> Iterator[State]:
    """Yield releases of ultralytics.

    Raises:
        SourceError: one cannot be fetched.
    """
    for version in versions:
        files = find_base(f"{PROJECT}=={version}", cache_dir()).files
        yield State(version, {path: blob_id(data) for path, data in files.items()}, files)


def fetch_history(url: str, newest: str, folder: Path) -> Repository:
    """Fetch a commit with its history into a new folder.

    Raises:
        GitError: git cannot fetch it.
    """
    repository = snapshot.create(folder)
    repository.run("fetch", "--quiet", "--no-tags", "--", url, f"+{newest}:{_HISTORY}")
    return repository


def states_of_history(repository: Repository, tags: Mapping[str, str]) -> Iterator[State]:
    """Yield the states on the main line of a history, from its oldest release on.

    Args:
        repository: as `fetch_history` makes it.
        tags: the commit of each release, by its version, oldest first.

    Raises:
        YolopatchError: a release is not on that line.
    """
    versions = {commit: version for version, commit in tags.items()}
    line = _main_line(repository, next(iter(versions)))
    lacking = versions.keys() - {commit for commit, _ in line}
    if lacking:
        raise YolopatchError(f"the history has no {', '.join(sorted(versions[commit] for commit in lacking))}")
    trees = _trees(repository, [commit for commit, _ in line])
    blobs = sorted({blob for tree in trees for blob in tree.values()})
    contents = dict(zip(blobs, repository.read_blobs(blobs)))  # of yolov5, 4,800 with 100 MB
    after, count = "", 0
    for (commit, date), tree in zip(line, trees):
        if commit in versions:
            after, count = versions[commit], 0
        else:
            count += 1
        release = Commit(after, count, commit, date) if count else after
        yield State(release, tree, {path: contents[blob] for path, blob in tree.items()})


def _main_line(repository: Repository, oldest: str) -> list[tuple[str, str]]:
    """Return the commits from one on, and their dates: of a merge, the side that it was merged into."""
    form = ("--first-parent", "--reverse", "--date=format:%Y-%m-%d", "--format=%H %cd")
    parents = repository.run("rev-list", "--parents", "-1", oldest).split()[1:2]
    lines = repository.run("log", *form, _HISTORY, *(f"^{parent}" for parent in parents)).splitlines()
    return [(commit, date) for commit, _, date in (line.partition(" ") for line in lines)]


def _trees(repository: Repository, line: Sequence[str]) -> list[dict[str, str]]:
    """Return the blob id of each file of each commit, by path: git lists what one changes far faster than all files."""
    found = [{entry.path: entry.blob for entry in repository.entries(line[0]) if entry.mode.startswith(_FILE)}]
    form = ("--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--format=%H")
    for text in repository.run("log", *form, f"{line[0]}..{line[-1]}").splitlines():
        if not text:
            continue
        if not text.startswith(":"):
            found.append(dict(found[-1]))
            continue
        facts, _, path = text.partition("\t")
        _, mode, _, blob, _ = facts.split(" ")
        if mode.startswith(_FILE):
            found[-1][path] = blob
        else:  # removed, or a link now
            found[-1].pop(path, None)
    return found
