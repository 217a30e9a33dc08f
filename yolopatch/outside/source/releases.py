"""A release of ultralytics without a pin: from PyPI, from a git ref, or from a local wheel or folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.version import Version

from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS, UPSTREAMS, GitSource, WheelSource
from yolopatch.core.text import sha256
from yolopatch.errors import SourceError, UsageError, YolopatchError
from yolopatch.outside.files.folders import move
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.lock import ANOTHER_CACHE, hold_cache_lock
from yolopatch.outside.files.staging import staging_folder
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.git.unreachable import unreachable
from yolopatch.outside.source.archive import read_wheel
from yolopatch.outside.source.pypi import NotListedError, download_version, list_versions

PROJECT = "ultralytics"
URL = "https://github.com/ultralytics/ultralytics"

_VERSION = r"\d+(?:\.\w+)+"
_RELEASE = re.compile(rf"(?:(?P<project>[A-Za-z][A-Za-z0-9._-]*?)(?:==|@|-))?v?(?P<version>{_VERSION})")
_FORMS = (
    f"expected: {PROJECT}==8.4.60, {PROJECT} for the newest, a tag, branch or commit of {URL}, or the path of a wheel"
    " or a checkout",
)
_HELP = "yolopatch port --help"
_OFFLINE = f"for a release on PyPI: --to {PROJECT}==VERSION; for your own clone: --to PATH"
# The files that patches change or use, and the files that say which models a release has; the second line is of yolov5.
_READ = (
    *(f"{PROJECT}/{part}" for part in ("nn/", "engine/", "cfg/models/", "utils/", "__init__.py")),
    *("models/", "utils/", "train.py"),
)


@dataclass(frozen=True)
class Release:
    """The content of a release.

    Attributes:
        name: the name that a pin of it gets.
        version: the version in its package.
        origin: where it came from, for the user.
        files: every file of the package, by path.
        git, wheel: where it can be downloaded again; both None for a folder.
        archive: the local wheel, None for other sources.
    """

    name: str
    version: str
    origin: str
    files: Mapping[str, bytes]
    git: GitSource | None = None
    wheel: WheelSource | None = None
    archive: Path | None = None

    @cached_property
    def texts(self) -> dict[str, str]:
        """The texts of the files that patches depend on, by path.

        Raises:
            SourceError: a file is not UTF-8.
        """
        try:
            return {path: data.decode() for path, data in self.files.items() if _is_read(path)}
        except UnicodeDecodeError as error:
            raise SourceError(f"{self.origin} contains a file that is not UTF-8 text: {error}") from error


def find_release(asked: str, cache: Path) -> Release:
    """Return the release that `--to` names.

    Args:
        asked: `ultralytics==8.4.60`, `ultralytics` for the newest, a git ref, or a path.
        cache: the cache folder, for downloaded wheels.

    Raises:
        UsageError: it does not name a release of ultralytics.
        SourceError: the release cannot be downloaded, or its content is wrong.
    """
    path = Path(os.path.expanduser(asked))
    if (
        path.suffix == ".whl"
        or asked.startswith((".", "/", "~"))
        or path.is_absolute()
        or (len(path.parts) > 1 and path.exists())
    ):
        return _local(asked, path.absolute())
    if fold(asked) == PROJECT:
        return _from_index(_newest(), cache)
    named = _RELEASE.fullmatch(asked)
    if named and not asked.startswith("v"):
        project = named["project"] or PROJECT
        if fold(project) != PROJECT:
            hint = "yolopatch list pins" if fold(project) in UPSTREAMS else _HELP
            raise UsageError(f"--to {asked} is not a release of {PROJECT}", details=_FORMS, hint=hint)
        return _from_index(named["version"], cache)
    if not re.fullmatch(r"[A-Za-z0-9_][\w./+-]*", asked):
        raise UsageError(f"--to {asked!r} does not name a release", details=_FORMS, hint=_HELP)
    return _from_ref(asked)


def _newest() -> str:
    try:
        return list_versions(PROJECT)[-1]
    except SourceError as error:
        hint = f"{error.hint}; or " if error.hint else ""
        raise SourceError(
            error.what, details=error.details, hint=f"{hint}name a version: --to {PROJECT}==8.4.60"
        ) from error


def _from_index(version: str, cache: Path) -> Release:
    folder = cache / "wheels" / f"{PROJECT}-{version}"
    with hold_cache_lock(cache, f"wheel-{folder.name}"):
        kept = sorted(folder.glob("*.whl"))
        if kept:
            try:
                return _from_wheel(kept[0], version)
            except SourceError:
                kept[0].unlink()  # damaged: it is downloaded again
        folder.mkdir(parents=True, exist_ok=True)
        with staging_folder(folder, ANOTHER_CACHE) as staging:
            fetched = _downloaded(version, staging)
            move(fetched, folder / fetched.name)
        return _from_wheel(folder / fetched.name, version)


def _downloaded(version: str, folder: Path) -> Path:
    try:
        return download_version(PROJECT, version, folder)
    except NotListedError as error:
        raise UsageError(
            f"the package index has no wheel of {PROJECT} {version}",
            hint=f"pip index versions {PROJECT} lists the versions",
        ) from error
    except SourceError as error:
        raise SourceError(
            f"{PROJECT} {version} could not be downloaded: {error.what}",
            details=[line[:300] for line in error.details],
            hint=f"{error.hint or 'check the network and the package index of pip'}; or name a local copy: --to PATH",
        ) from error


def _from_wheel(path: Path, version: str | None = None) -> Release:
    files = read_wheel(path)
    package = _package(files, str(path))
    found = _version(package, str(path))
    if version is not None and Version(found) != Version(version):
        raise SourceError(f"{path} is {PROJECT} {found}, not {version}")
    digest = sha256(path.read_bytes())
    return Release(
        name=f"{PROJECT}-{found}",
        version=found,
        origin=f"pypi {PROJECT}=={found} sha256:{digest}",
        files=package,
        wheel=WheelSource(PROJECT, found, digest),
        archive=path,
    )


def _from_ref(ref: str) -> Release:
    with temporary_folder() as folder:
        repository = snapshot.create(folder / "release.git")
        commit, tag = _fetch(repository, ref)
        entries = [e for e in repository.entries(commit) if e.path.startswith(f"{PROJECT}/") and e.mode != "120000"]
        blobs = repository.read_blobs([entry.blob for entry in entries])
    files = _package(dict(zip((entry.path for entry in entries), blobs)), f"{URL} {ref}")
    version = _version(files, f"{URL} {ref}")
    exact = tag == f"v{version}"
    return Release(
        name=f"{PROJECT}-{version}" if exact else f"{PROJECT}-{version}-{commit[:8]}",
        version=version,
        origin=f"git {URL} {ref} {commit}",
        files=files,
        git=GitSource(URL, tag, commit),
    )


def _fetch(repository: Repository, ref: str) -> tuple[str, str]:
    """Return the commit of the ref, and its tag, "" for a branch or a commit."""
    messages: list[str] = []
    for full, tag in ((f"refs/tags/{ref}", ref), (ref, "")):
        try:
            return snapshot.fetch_ref(repository, URL, full), tag
        except GitError as error:
            why = unreachable(error)
            if why:
                raise SourceError(
                    f"{why}, so {ref} was not looked for", details=error.details[-1:], hint=_OFFLINE
                ) from error
            messages += [line for line in (error.what, *error.details) if line not in messages]
    raise SourceError(
        f"{URL} has no {ref}, or cannot be reached",
        details=messages[-4:],
        hint=_OFFLINE,
    )


def _local(asked: str, path: Path) -> Release:
    if path.suffix == ".whl" and path.is_file():
        return _from_wheel(path)
    if not path.is_dir():
        raise UsageError(f"--to {asked}: no such wheel or folder", details=_FORMS, hint=_HELP)
    files = {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted((path / PROJECT).rglob("*"))
        if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts
    }
    package = _package(files, str(path))
    version = _version(package, str(path))
    content = sha256("".join(f"{name} {sha256(data)}\n" for name, data in package.items()).encode())
    return Release(f"{PROJECT}-{version}-{content[:8]}", version, f"folder {path}", package)


def _package(files: Mapping[str, bytes], where: str) -> dict[str, bytes]:
    package = {path: data for path, data in files.items() if path.startswith(f"{PROJECT}/")}
    parser = PINS["ultralytics-8.3.0"].layout.parser
    if f"{PROJECT}/__init__.py" not in package:
        raise UsageError(f"{where} is not {PROJECT}: it has no {PROJECT}/__init__.py", details=_FORMS, hint=_HELP)
    if parser not in package:
        raise YolopatchError(
            f"{where} is too old: it has no {parser}, where releases since 8.0 have parse_model",
            hint="name release 8.0.136 or a later one",
        )
    return package


def _version(package: Mapping[str, bytes], where: str) -> str:
    text = package[f"{PROJECT}/__init__.py"].decode("utf-8", "replace")
    found = re.search(rf"""^__version__ = ["']({_VERSION})["']""", text, re.MULTILINE)
    if found is None:
        raise SourceError(f"{where} does not say its version", details=["expected: __version__ in its __init__.py"])
    return found[1]


def _is_read(path: str) -> bool:
    return path.startswith(_READ) and path.endswith((".py", ".yaml"))
