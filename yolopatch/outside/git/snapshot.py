"""The pristine content of a pin, as a bare git repository with one deterministic root commit.

Upstream's own commit is not kept: a root commit of ours with the same tree makes every source alike,
and the same content gives everybody the same commit id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.catalog.pins import GitSource, Pin
from yolopatch.errors import SourceError
from yolopatch.outside.git.command import Entry, Repository

PRISTINE = "refs/heads/pristine"

# Gives the text of these paths, without those that are not there.
Reader = Callable[[list[str]], Mapping[str, str]]


@dataclass(frozen=True)
class Root:
    """A commit with a pin's unchanged content, on which workspaces are made."""

    commit: str
    entries: tuple[Entry, ...]

    @property
    def blobs(self) -> dict[str, str]:
        """The blob id of every file, by path."""
        return {entry.path: entry.blob for entry in self.entries}


def root_message(pin: Pin, origin: str) -> str:
    """Return the message of the root commit: what the content is and where it came from."""
    return f"{pin.upstream} {pin.version}, unchanged\n\nYolopatch-Pin: {pin.name}\nYolopatch-Source: {origin}\n"


def create(path: Path) -> Repository:
    """Make an empty bare repository."""
    path.mkdir(parents=True)
    repository = Repository(path)
    repository.run("init", "--quiet", "--bare", "--template=", "--object-format=sha1", ".")
    return repository


def import_files(repository: Repository, files: Mapping[str, bytes], message: str) -> None:
    """Commit these files as the root commit at `PRISTINE`."""
    repository.run("fast-import", "--quiet", stdin=fast_import_root(files, message))


def fast_import_root(files: Mapping[str, bytes], message: str) -> bytes:
    """Return the stream that makes git create the root commit."""
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {EPOCH} +0000"
    head = f"commit {PRISTINE}\nauthor {who}\ncommitter {who}\n".encode()
    changes = b"".join(
        b"M 100644 inline %s\n%s" % (path.encode(), fast_import_data(files[path])) for path in sorted(files)
    )
    return head + fast_import_data(message.encode()) + changes


def fast_import_data(data: bytes) -> bytes:
    """Return a `data` command of git fast-import."""
    return b"data %d\n%s\n" % (len(data), data)


def fetch_tag(repository: Repository, source: GitSource, url: str) -> str:
    """Fetch only the tag, only its own commit, and return that commit's id.

    Raises:
        GitError: git cannot reach it.
        SourceError: the tag is another commit than the pin's.
    """
    commit = fetch_ref(repository, url, source.refspec)
    if source.commit and commit != source.commit:
        raise SourceError(
            f"the tag {source.tag} of {url} is not the pin's commit",
            details=[f"expected: {source.commit}", f"found:    {commit}"],
            hint="somebody moved the tag; use another clone",
        )
    return commit


def fetch_ref(repository: Repository, url: str, ref: str) -> str:
    """Fetch only the commit that a tag, a branch or a commit's id names, and return its id.

    Raises:
        GitError: git cannot reach it, or there is none of that name.
    """
    repository.run("fetch", "--quiet", "--depth", "1", "--no-tags", url, f"+{ref}:refs/pin")
    return repository.resolve("refs/pin^{commit}")[0]


def fetch_head(repository: Repository, url: str) -> str:
    """Fetch only the checked-out commit of a clone and return its id."""
    return fetch_ref(repository, url, "HEAD")


def root_from_fetched(repository: Repository, message: str) -> None:
    """Make the root commit with the fetched tree, and drop upstream's own commit."""
    (commit,) = repository.resolve("refs/pin^{commit}")
    check_links(repository, repository.entries(commit))
    made = repository.run("commit-tree", f"{commit}^{{tree}}", stdin=message.encode()).strip()
    repository.run("update-ref", PRISTINE, made)
    repository.run("update-ref", "-d", "refs/pin")
    (repository.path / "shallow").unlink(missing_ok=True)
    repository.run("repack", "-a", "-d", "-q")


def check_links(repository: Repository, entries: list[Entry]) -> None:
    """Refuse a tree with a symbolic link that leads out of it.

    Raises:
        SourceError: names the link.
    """
    links = [entry for entry in entries if entry.mode == "120000"]
    for entry, target in zip(links, repository.read_blobs([link.blob for link in links])):
        if target.startswith(b"/") or b".." in target.split(b"/"):
            raise SourceError(f"the link {entry.path} leads out of the tree: {target.decode(errors='replace')}")


def is_intact(repository: Repository) -> bool:
    """Tell whether the repository's bytes are those that git wrote: each pack and index against its own sum."""
    packs = sorted((repository.path / "objects" / "pack").glob("*.pack"))
    files = [*packs, *(pack.with_suffix(".idx") for pack in packs)]
    return bool(packs) and all(file.is_file() and _ends_with_own_sum(file) for file in files)


def _ends_with_own_sum(file: Path) -> bool:
    data = file.read_bytes()
    return hashlib.sha1(data[:-20], usedforsecurity=False).digest() == data[-20:]


def read_root(repository: Repository, revision: str = PRISTINE) -> Root:
    """Return the commit and what it holds.

    Raises:
        GitError: the repository is damaged.
    """
    (commit,) = repository.resolve(revision)
    return Root(commit, tuple(repository.entries(commit)))


def pristine_reader(repository: Repository, blobs: Mapping[str, str]) -> Reader:
    """Return what reads the pin's text of some paths, without those that the pin lacks."""

    def read(paths: list[str]) -> dict[str, str]:
        there = [path for path in paths if path in blobs]
        contents = repository.read_blobs([blobs[path] for path in there])
        return {path: data.decode("utf-8", "surrogateescape") for path, data in zip(there, contents)}

    return read


def revision_reader(repository: Repository, revision: str) -> Reader:
    """Return the same for a revision whose files are listed when the first text is asked for: ours need none of it."""
    return lambda paths: pristine_reader(repository, tree_blobs(repository, revision))(paths)


def tree_blobs(repository: Repository, revision: str = PRISTINE) -> dict[str, str]:
    """Return the blob id of every file of the revision, by path.

    Raises:
        GitError: the repository is damaged.
    """
    return {entry.path: entry.blob for entry in repository.entries(revision)}


def write_tree(repository: Repository, revision: str, folder: Path) -> None:
    """Write the revision's files into a folder, as they are stored; links, which no upstream needs, are left out.

    Raises:
        SourceError: a path leads out of the folder.
        GitError: the repository is damaged.
    """
    entries = [entry for entry in repository.entries(revision) if entry.mode.startswith("100")]
    for entry, data in zip(entries, repository.read_blobs([entry.blob for entry in entries])):
        path = PurePosixPath(entry.path)
        if path.is_absolute() or ".." in path.parts:
            raise SourceError(f"the path {entry.path} of {revision[:12]} leads out of the tree")
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
