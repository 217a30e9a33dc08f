"""The releases that a fork may have begun from: their index, and their content."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS, UPSTREAMS, GitSource
from yolopatch.catalog.releases import YOLOV5_TAGS
from yolopatch.catalog.resources import read_data, release_index_files
from yolopatch.core.fork.index import ReleaseIndex, read_index
from yolopatch.errors import SourceError, UsageError
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError
from yolopatch.outside.git.unreachable import unreachable
from yolopatch.outside.source.releases import PROJECT, Release, find_release

YOLOV5 = "yolov5"
YOLOV5_URL = PINS["yolov5-6.1"].git.url  # type: ignore[union-attr]  # this pin has no other source
_NAME = re.compile(r"(?P<upstream>[A-Za-z][A-Za-z0-9]*)(?:==|@|-)v?(?P<version>\d+(?:\.\w+)+(?:\+\d+)?)")
_FORMS = (f"expected: {PROJECT}==8.2.50, or one of {', '.join(f'{YOLOV5}=={tag}' for tag in YOLOV5_TAGS)}",)


@lru_cache(maxsize=2)
def load_index(upstream: str) -> ReleaseIndex:
    """Return the index of an upstream's releases, which comes with yolopatch.

    Raises:
        OSError: the installation is damaged.
    """
    files, definitions = map(read_data, release_index_files(upstream))
    return read_index(upstream, files, definitions)


def find_base(name: str, cache: Path) -> Release:
    """Return the content of a release that a fork began from.

    Args:
        name: `ultralytics==8.2.50`, `yolov5==7.0`, or the same as the name of a pin: `ultralytics-8.2.50`. A commit
            after a release has its name in the index: `yolov5==7.0+112`.
        cache: the cache folder, for downloaded wheels.

    Raises:
        UsageError: it names no release.
        SourceError: the release cannot be downloaded, or its content is wrong.
    """
    named = _NAME.fullmatch(name.strip())
    upstream = fold(named["upstream"]) if named else ""
    if named is None or upstream not in UPSTREAMS:
        raise UsageError(f"{name!r} does not name a release", details=_FORMS, hint="yolopatch adopt --help")
    if upstream == PROJECT:
        return find_release(f"{PROJECT}=={named['version']}", cache)
    return _of_yolov5(name, named["version"])


def _of_yolov5(name: str, version: str) -> Release:
    """Return the content of a tag, or of a commit that the index knows."""
    if version in YOLOV5_TAGS:
        return _fetched(f"{YOLOV5}-{version}", version, GitSource(YOLOV5_URL, f"v{version}", YOLOV5_TAGS[version]))
    commit = load_index(YOLOV5).commits.get(version)
    if commit is None:
        raise UsageError(f"{name} is no release that a fork can have begun from", details=_FORMS, hint="--base auto")
    return _fetched(f"{YOLOV5}-{commit.after}-{commit.id[:8]}", version, GitSource(YOLOV5_URL, "", commit.id))


def _fetched(name: str, version: str, source: GitSource) -> Release:
    has_none = f"{source.url} has no tag {source.tag}" if source.tag else f"{source.url} has no commit {source.commit}"
    with temporary_folder() as folder:
        repository = snapshot.create(folder / "release.git")
        try:
            commit = snapshot.fetch_tag(repository, source, source.url)
        except GitError as error:
            why = unreachable(error) or has_none
            raise SourceError(
                f"{YOLOV5} {version} cannot be fetched: {why}",
                details=error.details[-1:],
                hint=f"take it from a clone of yours: git config --global url.PATH.insteadOf {source.url}",
            ) from error
        entries = [entry for entry in repository.entries(commit) if entry.mode != "120000"]
        blobs = repository.read_blobs([entry.blob for entry in entries])
    files = dict(zip((entry.path for entry in entries), blobs))
    return Release(name, version, f"git {source.url} {source.tag or 'commit'} {commit}", files, git=source)
