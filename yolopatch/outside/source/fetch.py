"""Fill an empty repository with a pin's content: from git, from PyPI, or from a local copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from yolopatch.catalog.pins import GitSource, Pin, WheelSource
from yolopatch.errors import SourceError
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.git.unreachable import unreachable
from yolopatch.outside.source.manifests import read_manifest

# Fills an empty bare repository with the pin's root commit and returns the kind of source.
Fill = Callable[[Repository], str]


class UnreachableError(SourceError):
    """The host of a source cannot be reached, or answers with an error."""


# The kinds of source that only exist on the user's disk.
FROM_PATH = ("clone", "folder")

# Files next to the package that are read from a folder: metadata of an unpacked wheel, and project files.
_METADATA = ("METADATA", "entry_points.txt", "LICENSE", "licenses/LICENSE")
_PROJECT_FILES = ("LICENSE", "README.md", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")


def fillers(pin: Pin) -> dict[str, Fill]:
    """Return the functions that fill from the pin's network sources, by kind, the preferred one first."""
    found: dict[str, Fill] = {}
    git, wheel = pin.git, pin.wheel
    if git:
        found["git"] = lambda repository: _fill_from_host(pin, git, repository)
    if wheel:
        found["pypi"] = lambda repository: _fill_from_index(pin, wheel, repository)
    return found


def fill_from_path(pin: Pin, path: Path) -> Fill:
    """Return the function that fills from a local wheel, clone or folder.

    Raises:
        SourceError: the path is none of these.
    """
    wheel = pin.wheel
    if wheel and is_wheel(pin, path):
        return lambda repository: _fill_from_wheel(pin, wheel, repository, path)
    if path.is_dir() and _is_clone(path):
        return lambda repository: _fill_from_clone(pin, repository, path)
    if path.is_dir():
        return lambda repository: _fill_from_folder(pin, repository, path)
    or_wheel = f", or the wheel {wheel.project} {wheel.version}" if wheel else ""
    raise SourceError(
        f"--source {path}: {_describe(path)}",
        details=[f"expected: auto, git, pypi, or the path of a clone or a folder of {pin.name}{or_wheel}"],
        hint="name a local copy, or leave out --source",
    )


def is_wheel(pin: Pin, path: Path) -> bool:
    """Return whether the path is a wheel, and the pin has a wheel."""
    return path.suffix == ".whl" and path.is_file() and pin.wheel is not None


def _describe(path: Path) -> str:
    if not path.exists():
        return "no such file or folder"
    return "it is a wheel, but this pin has no wheel" if path.suffix == ".whl" else "it is not a wheel or a folder"


def _is_clone(path: Path) -> bool:
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def _fill_from_host(pin: Pin, source: GitSource, repository: Repository) -> str:
    try:
        return _fill_from_tag(pin, source, repository, source.url)
    except GitError as error:
        why = unreachable(error)
        if why is None:
            raise
        raise UnreachableError(why, details=error.details[-1:]) from error


def _fill_from_tag(pin: Pin, source: GitSource, repository: Repository, url: str) -> str:
    commit = snapshot.fetch_tag(repository, source, url)
    origin = f"git {source.url} {source.tag or 'commit'} {commit}"
    snapshot.root_from_fetched(repository, snapshot.root_message(pin, origin))
    return "git"


def _fill_from_index(pin: Pin, wheel: WheelSource, repository: Repository) -> str:
    from yolopatch.outside.source import pypi  # imported late, as below: as a rule, the cache has the pin

    with temporary_folder() as folder:
        path = pypi.download(wheel, folder)
        pypi.check_wheel(path, wheel, downloaded=True)
        return _import_wheel(pin, wheel, repository, path)


def _fill_from_wheel(pin: Pin, wheel: WheelSource, repository: Repository, path: Path) -> str:
    from yolopatch.outside.source import pypi

    pypi.check_wheel(path, wheel)
    return _import_wheel(pin, wheel, repository, path)


def _import_wheel(pin: Pin, wheel: WheelSource, repository: Repository, path: Path) -> str:
    from yolopatch.outside.source.archive import read_wheel
    from yolopatch.outside.source.wheel import tree_of_wheel

    origin = f"pypi {wheel.project}=={wheel.version} sha256:{wheel.sha256}"
    snapshot.import_files(repository, tree_of_wheel(read_wheel(path)), snapshot.root_message(pin, origin))
    return "pypi"


def _fill_from_clone(pin: Pin, repository: Repository, path: Path) -> str:
    url = path.as_uri()
    try:
        if pin.git:
            return _fill_from_tag(pin, pin.git, repository, url)
    except GitError:
        pass  # without the tag: the checked-out commit may still be the pin, which its content shows
    try:
        commit = snapshot.fetch_head(repository, url)
    except GitError as error:
        raise SourceError(
            f"--source {path}: git cannot read this clone",
            details=error.details,
            hint="check out the pin's version in it, or name another copy",
        ) from error
    snapshot.root_from_fetched(repository, snapshot.root_message(pin, f"clone {commit}"))
    return "clone"


def _fill_from_folder(pin: Pin, repository: Repository, path: Path) -> str:
    from yolopatch.outside.source.wheel import tree_of_wheel

    manifest = read_manifest(pin)
    metadata = f"{pin.wheel.project}-{pin.wheel.version}.dist-info" if pin.wheel else ""
    wanted = dict.fromkeys((*manifest, *_PROJECT_FILES, *(f"{metadata}/{name}" for name in _METADATA if metadata)))
    files = {name: _read_inside(path, name) for name in wanted if (path / name).is_file()}
    if not files:
        raise SourceError(
            f"--source {path}: no file of {pin.name} was found there",
            details=[f"expected: {pin.layout.parser} under it"],
            hint="name the folder that contains them",
        )
    tree = tree_of_wheel(files) if f"{metadata}/METADATA" in files else files
    snapshot.import_files(repository, tree, snapshot.root_message(pin, "folder"))
    return "folder"


def _read_inside(folder: Path, name: str) -> bytes:
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f"{file} is a link that leads out of {folder}")
    return file.read_bytes()
