"""Read a fork: find its package, and take the files that a reader needs into memory."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from yolopatch.core.fork.packages import ULTRALYTICS, YOLOV5, Package, find_packages, said_version
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import OpenError, UsageError, YolopatchError
from yolopatch.outside.fork.folder import Folder
from yolopatch.outside.fork.git_tree import GitTree
from yolopatch.outside.fork.listing import LARGEST, MOST_BYTES, Holder, Listing, check_count, clashes
from yolopatch.outside.fork.tar_file import TarFile
from yolopatch.outside.fork.zip_file import ZipFile
from yolopatch.wire import shell

# What tells how the package is used, of the files beside it; not of upstream's own that every copy has.
_TELLING = (".py", ".yaml", ".yml", ".md", ".ipynb", ".sh", ".bat", ".txt")
_CODE = (".py", ".yaml", ".yml")
_UPSTREAMS_OWN = ("docs/", "examples/", "tests/", ".github/", "docker/")
_MOST_TELLING = 2000  # files; some publish a data set with a text for each image
_LARGEST_TELLING = 512 * 1024  # bytes
# Names of folders that say nothing about the fork; one above may.
_PLAIN = {ULTRALYTICS, YOLOV5, "repo", "src", "code", "project", "fork"}
_BRANCHES = ("-main", "-master")  # which GitHub adds to the name of an archive


def read_fork(named: str, folder: str | None = None) -> ForkTree:
    """Return what a fork holds.

    Args:
        named: a folder, a git repository with or without its files on the disk, or a zip or tar archive.
        folder: the folder in it with the package, for a fork with several; None to find it.

    Raises:
        UsageError: there is nothing of this name, no such folder in it, or no package of an upstream.
        OpenError: it has several packages of which none is nearer to its root.
        SourceError: it is damaged, or made to do harm.
        YolopatchError: it is larger than a fork is.
    """
    holder, listing, packages = _open(named)
    package = _chosen(packages, folder, named)
    others = tuple(one.place or "." for one in packages if one != package)
    inside = {path: below for path in listing.sizes if (below := package.inside(path)) is not None}
    small = {path: below for path, below in inside.items() if listing.sizes[path] <= LARGEST}
    small = _within_limit(small, listing, named)
    beside = [path for path in listing.sizes if path not in small]
    content = holder.read([*small, *_telling(beside, package, listing)])
    files = {below: content[path] for path, below in small.items() if path in content}
    return ForkTree(
        name=_fork_name(holder),
        upstream=package.upstream,
        files=files,
        beside={path: listing.sizes[path] for path in beside},
        said=said_version(files),
        place=package.place,
        texts={path: data for path, data in content.items() if path not in small},
        elsewhere=others,
        notes=(*listing.notes, *_case_notes(files)),
    )


def _open(named: str) -> tuple[Holder, Listing, tuple[Package, ...]]:
    """Return what holds the fork, its files, and the packages among them."""
    holder = _holder(named)
    listing = holder.listing()
    packages = find_packages(listing.sizes)
    if not packages and isinstance(holder, Folder) and (holder.path / ".git").exists():
        holder = GitTree(holder.path)  # cloned without a checkout
        listing = holder.listing()
        packages = find_packages(listing.sizes)
    check_count(len(listing.sizes), named)
    if not packages:
        raise UsageError(
            f"{named} has no package of an upstream",
            details=["expected: ultralytics/nn/tasks.py, or of yolov5 models/yolo.py, in it or in a folder of it"],
            hint="name the folder, git repository or archive of a fork of ultralytics or yolov5",
        )
    return holder, listing, packages


def _holder(named: str) -> Holder:
    path = Path(os.path.abspath(os.path.expanduser(named)))
    if "://" in named or named.startswith("git@"):
        raise UsageError(
            f"{named} is an address, not a fork on this machine",
            hint=f"get it first: {shell.join(('git', 'clone', '--depth', '1', named))}",
        )
    if path.is_dir():
        return GitTree(path) if _is_bare(path) else Folder(path)
    if not path.is_file():
        raise UsageError(f"there is no {named}", hint="name the folder, git repository or archive of a fork")
    if _is_zip(path):
        return ZipFile(path)
    if _is_tar(path):
        return TarFile(path)
    raise UsageError(
        f"{named} is no archive that yolopatch reads",
        details=["expected: a zip, a tar, or a tar packed by gzip, bzip2 or xz"],
        hint="unpack it, and name the folder",
    )


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _is_tar(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(tarfile.BLOCKSIZE)
    return start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or start[257:262] == b"ustar"


def _chosen(packages: tuple[Package, ...], folder: str | None, named: str) -> Package:
    """Return the package that is asked for, or the one of ultralytics that is nearest to the root."""
    if folder is not None:
        wanted = PurePosixPath(folder.replace("\\", "/"))
        found = next((one for one in packages if wanted in (PurePosixPath(one.place), PurePosixPath(one.folder))), None)
        if found is None:
            places = ", ".join(one.place or "." for one in packages)
            raise UsageError(f"{named} has no package in {folder}", details=[f"found in: {places}"], hint="name one")
        return found
    first = packages[0]
    level = [p for p in packages if p.upstream == first.upstream and p.folder.count("/") == first.folder.count("/")]
    if len(level) == 1:
        return first
    raise OpenError(
        "folder",
        "which one",
        {one.place or ".": f"a copy of {one.upstream}" for one in level},
        f"{named} holds several copies of {first.upstream}",
        details=[one.place or "." for one in level],
        hint=f"name one: --folder {shell.quote(first.place or '.')}",
    )


def _within_limit(paths: Mapping[str, str], listing: Listing, named: str) -> dict[str, str]:
    """Return the files of a package that are read: its code, and of the rest the smallest ones that there is room for.

    Of yolov5 the whole tree is the package, with the data sets and the results that an author left in it.

    Raises:
        YolopatchError: the code alone is more than is read.
    """
    code = [path for path in paths if path.lower().endswith(_CODE)]
    room = MOST_BYTES - sum(listing.sizes[path] for path in code)
    if room < 0:
        raise YolopatchError(
            f"the package in {named} has {(MOST_BYTES - room) // 1024**2} MB of code and YAMLs",
            details=[f"expected: at most {MOST_BYTES // 1024**2} MB"],
            hint="move what is no code of the fork out of the package",
        )
    kept = set(code)
    for path in sorted(paths.keys() - kept, key=lambda path: (listing.sizes[path], path)):
        room -= listing.sizes[path]
        if room < 0:
            break
        kept.add(path)
    return {path: below for path, below in paths.items() if path in kept}


def _telling(beside: Iterable[str], package: Package, listing: Listing) -> list[str]:
    """Return the files that tell how the package is used, those nearest to it first."""
    root = f"{package.place}/" if package.place else ""
    own = [
        path
        for path in beside
        if path.lower().endswith(_TELLING)
        and listing.sizes[path] <= _LARGEST_TELLING
        and not path.removeprefix(root).startswith(_UPSTREAMS_OWN)
    ]
    return sorted(own, key=lambda path: (not path.startswith(root), path.count("/"), path))[:_MOST_TELLING]


def _fork_name(holder: Holder) -> str:
    path = holder.path if isinstance(holder, (Folder, GitTree)) else None
    names = [holder.name, *([parent.name for parent in path.parents] if path else [])]
    plain = (name.removesuffix(next((end for end in _BRANCHES if name.endswith(end)), "")) for name in names)
    return next((name for name in plain if name and name.lower() not in _PLAIN), "fork")


def _case_notes(files: Mapping[str, bytes] | Collection[str]) -> tuple[str, ...]:
    same = clashes(files)
    if not same:
        return ()
    shown = ", ".join(same[:4])
    return (f"{len(same):,} files differ in upper and lower case alone: {shown}; Windows has one of each",)
