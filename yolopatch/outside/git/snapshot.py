"""The pristine content of a pin, as a bare git repository with one deterministic root commit.

Upstream's own commit is replaced by our root commit with the same tree: so every source of a pin,
on every machine, gives the same commit id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.catalog.pins import GitSource, Pin
from yolopatch.core.text import hide_passwords
from yolopatch.errors import SourceError
from yolopatch.outside.child.bounds import OversteppedError
from yolopatch.outside.git.command import Entry, Repository, is_on_disk

PRISTINE = "refs/heads/pristine"
MAX_BYTES = 512 * 1024 * 1024  # of all files of a pin; yolov5 v6.1 has 1 MB, and what is packed may be a bomb

# Returns the texts of these paths, by path, without the paths that do not exist.
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
    """Return the message of the root commit: the pin and the origin of the content."""
    return f"{pin.upstream} {pin.version}, unchanged\n\nYolopatch-Pin: {pin.name}\nYolopatch-Source: {origin}\n"


def create(path: Path) -> Repository:
    """Create an empty bare repository."""
    path.mkdir(parents=True)
    repository = Repository(path)
    repository.run("init", "--quiet", "--bare", "--template=", ".")
    return repository


def import_files(repository: Repository, files: Mapping[str, bytes], message: str) -> None:
    """Commit these files as the root commit at `PRISTINE`."""
    repository.run("fast-import", "--quiet", stdin=fast_import_root(files, message))


def fast_import_root(files: Mapping[str, bytes], message: str) -> bytes:
    """Return the git fast-import stream that creates the root commit."""
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
    """Fetch the commit of a tag without its history, and return its id.

    Raises:
        GitError: git cannot fetch it.
        SourceError: the tag is not the pin's commit.
    """
    commit = fetch_ref(repository, url, source.refspec)
    if source.commit and commit != source.commit:
        raise SourceError(
            f"the tag {source.tag} of {url} is not the pin's commit",
            details=[f"expected: {source.commit}", f"found:    {commit}"],
            hint="the tag was moved; use another clone",
        )
    return commit


def fetch_ref(repository: Repository, url: str, ref: str) -> str:
    """Fetch the commit of a tag, a branch or an id without its history, and return its id.

    Raises:
        GitError: git cannot reach the repository, or the name is unknown.
        SourceError: the server sends without an end, or too slowly, or files that are far too large.
    """
    try:
        repository.run("fetch", "--quiet", "--depth", "1", "--no-tags", "--", url, f"+{ref}:refs/pin")
    except OversteppedError as error:
        raise SourceError(
            f"git fetch of {ref} from {hide_passwords(url)} was stopped: {error.what}",
            details=["expected: a few MB, in a few minutes"],
            hint="check whether git asks another server: git config --get-regexp 'insteadof|proxy'",
        ) from error
    (commit,) = repository.resolve("refs/pin^{commit}")
    if not is_on_disk(url):
        _check_size(repository, commit, url)
    return commit


def _check_size(repository: Repository, commit: str, url: str) -> None:
    listing = repository.run("ls-tree", "-r", "-l", "-z", commit).split("\0")
    sizes = (line.partition("\t")[0].split()[-1] for line in listing if line)
    size = sum(int(one) for one in sizes if one != "-")  # "-": a repository inside
    if size > MAX_BYTES:
        raise SourceError(
            f"the files that {hide_passwords(url)} has sent take {size / 1024**2:.0f} MB unpacked: refused",
            details=[f"expected: at most {MAX_BYTES // 1024**2} MB"],
        )


def fetch_head(repository: Repository, url: str) -> str:
    """Fetch the checked-out commit of a clone without its history, and return its id."""
    return fetch_ref(repository, url, "HEAD")


def root_from_fetched(repository: Repository, message: str) -> None:
    """Make the root commit with the fetched tree, and remove upstream's own commit."""
    (commit,) = repository.resolve("refs/pin^{commit}")
    check_links(repository, repository.entries(commit))
    made = repository.run("commit-tree", f"{commit}^{{tree}}", stdin=message.encode()).strip()
    repository.run("update-ref", PRISTINE, made)
    repository.run("update-ref", "-d", "refs/pin")
    (repository.path / "shallow").unlink(missing_ok=True)
    repository.run("repack", "-a", "-d", "-q")


def check_links(repository: Repository, entries: list[Entry]) -> None:
    """Refuse a tree with a symbolic link to a path outside the tree.

    Raises:
        SourceError: names the link.
    """
    links = [entry for entry in entries if entry.mode == "120000"]
    for entry, target in zip(links, repository.read_blobs([link.blob for link in links])):
        if target.startswith(b"/") or b".." in target.split(b"/"):
            raise SourceError(f"the link {entry.path} leads out of the tree: {target.decode(errors='replace')}")


def is_intact(repository: Repository) -> bool:
    """Return whether every pack and index file of the repository has its correct checksum."""
    packs = sorted((repository.path / "objects" / "pack").glob("*.pack"))
    files = [*packs, *(pack.with_suffix(".idx") for pack in packs)]
    return bool(packs) and all(file.is_file() and _ends_with_checksum(file) for file in files)


def _ends_with_checksum(file: Path) -> bool:
    data = file.read_bytes()
    return hashlib.sha1(data[:-20], usedforsecurity=False).digest() == data[-20:]


def read_root(repository: Repository, revision: str = PRISTINE) -> Root:
    """Return the commit and its files.

    Raises:
        GitError: the repository is damaged.
    """
    (commit,) = repository.resolve(revision)
    return Root(commit, tuple(repository.entries(commit)))


def pristine_reader(repository: Repository, blobs: Mapping[str, str]) -> Reader:
    """Return a reader of the pin's texts; it leaves out paths that the pin does not have."""

    def read(paths: list[str]) -> dict[str, str]:
        known = [path for path in paths if path in blobs]
        contents = repository.read_blobs([blobs[path] for path in known])
        return {path: data.decode("utf-8", "surrogateescape") for path, data in zip(known, contents)}

    return read


def revision_reader(repository: Repository, revision: str) -> Reader:
    """Return a reader of a revision's texts; its files are listed only when a text is read."""
    return lambda paths: pristine_reader(repository, tree_blobs(repository, revision))(paths)


def tree_blobs(repository: Repository, revision: str = PRISTINE) -> dict[str, str]:
    """Return the blob id of every file of the revision, by path.

    Raises:
        GitError: the repository is damaged.
    """
    return {entry.path: entry.blob for entry in repository.entries(revision)}


def tree_entries(repository: Repository, revision: str) -> dict[str, Entry]:
    """Return every file of the revision, with its mode and blob id, by path.

    Raises:
        GitError: the repository is damaged.
    """
    return {entry.path: entry for entry in repository.entries(revision)}


def changed_paths(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the paths of the files that differ between two trees, sorted; both as `tree_blobs` or `tree_entries`."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def write_tree(repository: Repository, revision: str, folder: Path) -> None:
    """Write the revision's files into a folder, without conversion. Links are skipped; no upstream needs them.

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
