"""The cache of pins: each is verified when it is written and at every use, and fetched again if it is damaged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.workspace.manifest import check_content
from yolopatch.errors import SourceError, YolopatchError
from yolopatch.outside.files.folders import move, remove_tree, size_of
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.lock import ANOTHER_CACHE, hold_cache_lock
from yolopatch.outside.files.staging import staging_folder, sweep_parts
from yolopatch.outside.files.system_errors import error_named_in, is_of_the_machine
from yolopatch.outside.files.user_folder import user_folder
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import GitError, Repository
from yolopatch.outside.source.fetch import Fill, UnreachableError, fill_from_path, fillers, is_wheel
from yolopatch.outside.source.manifests import read_manifest

_CALLED = {"git": "git", "pypi": "PyPI"}  # the kinds of source, in messages
SOURCES = ("auto", "git", "pypi")  # what is no path
CACHE_VARIABLE = "YOLOPATCH_CACHE"


@dataclass(frozen=True)
class Pristine:
    """A pin's verified content.

    Attributes:
        repository: a bare repository with one root commit at `snapshot.PRISTINE`.
        source: `git`, `pypi`, `clone` or `folder`.
        root: that commit and its files.
        notes: messages for the user: a source that failed before this one, harmless differences.
    """

    repository: Repository
    source: str
    root: snapshot.Root
    notes: tuple[str, ...] = ()

    @property
    def blobs(self) -> Mapping[str, str]:
        """The blob id of every file, by path."""
        return self.root.blobs


def cache_dir() -> Path:
    """Return the cache folder: `YOLOPATCH_CACHE`, else the platform's cache folder.

    Raises:
        NoHomeError: as `user_folder`.
    """
    return user_folder(CACHE_VARIABLE, "cache")


@contextmanager
def pristine(pin: Pin, source: str, cache: Path) -> Iterator[Pristine]:
    """Give the pin's content, from the cache or from its source.

    Args:
        pin: the pin.
        source: `auto`, `git`, `pypi`, or the path of a clone, a wheel or a folder.
        cache: the cache folder; of local copies, only a wheel is stored there.

    Raises:
        SourceError: no source has it; `details` has the error of each.
    """
    if source in SOURCES:
        yield _cached(pin, source, cache)
        return
    path = Path(os.path.expanduser(source)).absolute()
    if pin.wheel and is_wheel(pin, path):
        from yolopatch.outside.source.pypi import check_wheel  # imported late: as a rule, the cache has the pin

        check_wheel(path, pin.wheel)  # before the cache is used: a wrong wheel is an error even if it is not needed
        yield _filled(pin, "pypi", fill_from_path(pin, path), cache)
        return
    with temporary_folder() as folder:
        fill = fill_from_path(pin, path)
        repository, kind = _build(fill, folder / "pristine.git")
        yield _verified(pin, repository, kind, str(path))


def cached(pin: Pin, cache: Path) -> Pristine | None:
    """Return the pin's content if the cache has it, from any source; None otherwise. Nothing is downloaded."""
    found = (_use(pin, kind, cache)[0] for kind in fillers(pin))
    return next((pristine for pristine in found if pristine), None)


def cached_sizes(pin: Pin, cache: Path) -> dict[str, int]:
    """Return the bytes of a pin in the cache, by the kind of source that it came from. Its content is not checked."""
    entries = {kind: entry_path(pin, kind, cache) for kind in fillers(pin)}
    return {kind: size_of(path) for kind, path in entries.items() if path.is_dir()}


def entry_path(pin: Pin, kind: str, cache: Path) -> Path:
    """Return the path of this pin, from this kind of source, in the cache."""
    return cache / "pins" / f"{pin.name}-{kind}.git"


def _cached(pin: Pin, source: str, cache: Path) -> Pristine:
    available = fillers(pin)
    kinds = list(available) if source == "auto" else [source]
    if source != "auto" and source not in available:
        raise SourceError(
            f"{pin.name} has no {source} source",
            hint=f"use --source {' or '.join(available)}, or the path of a local copy{_sibling(pin)}",
        )
    notes: list[str] = []
    for kind in kinds:  # the cache first, then the network
        found, damage = _use(pin, kind, cache)
        notes += damage
        if found:
            sweep_parts(cache / "pins")  # of a run that was killed right after it had moved an entry to its place
            return replace(found, notes=(*notes, *found.notes))
    return _fetched(pin, {kind: available[kind] for kind in kinds}, cache, notes)


def _use(pin: Pin, kind: str, cache: Path) -> tuple[Pristine | None, list[str]]:
    path = entry_path(pin, kind, cache)
    if not path.is_dir():
        return None, []
    repository = Repository(path)
    number = None
    try:
        if snapshot.is_intact(repository):
            return _verified(pin, repository, kind, str(path)), []
    except (GitError, SourceError) as error:  # damaged, or not to be read: the content is fetched again
        number = error_named_in(error.details)
    except OSError as error:
        number = error.errno if is_of_the_machine(error.errno) else None
    why = f"cannot be read ({os.strerror(number)})" if number else "is damaged"
    return None, [f"the cached {path.name} {why} and was not used"]


def _fetched(pin: Pin, available: dict[str, Fill], cache: Path, notes: list[str]) -> Pristine:
    failed: dict[str, SourceError | GitError] = {}
    for kind, fill in available.items():
        try:
            found = _filled(pin, kind, fill, cache)
        except (SourceError, GitError) as error:
            failed[kind] = error
        else:
            passed_over = [f"{_in_short(*one)}; taking {pin.name} from {_CALLED[kind]}" for one in failed.items()]
            return replace(found, notes=(*notes, *passed_over, *found.notes))
    failures = [_failure_line(*one) for one in failed.items()]
    raise SourceError(f"no source has {pin.name}", details=[*notes, *failures], hint=_hint(pin, failed.values()))


def _in_short(kind: str, error: YolopatchError) -> str:
    """Return why a source was passed over; no details where it is simply out of reach, as GitHub often is."""
    return error.what if isinstance(error, UnreachableError) else _failure_line(kind, error)


def _failure_line(kind: str, error: YolopatchError) -> str:
    return f"{kind}: {error.what}" + "".join(f"; {line}" for line in error.details)


def _hint(pin: Pin, failures: Iterable[YolopatchError]) -> str:
    copies = ["a folder with it"]
    if pin.git:
        copies.insert(0, f"a clone of {pin.git.url} with the tag {pin.git.tag}")
    if pin.wheel:
        copies.insert(0, f"the wheel {pin.wheel.project} {pin.wheel.version}")
    copy = f"name a local copy: --source PATH ({', '.join(copies)}){_sibling(pin)}"
    return "; or ".join(dict.fromkeys([*(error.hint for error in failures if error.hint), copy]))


def _sibling(pin: Pin) -> str:
    """Return a hint that names another pin of the same upstream version, "" without one."""
    other = next(
        (p.name for p in PINS.values() if p.model == pin.model and p != pin and not (p.home or pin.home)), None
    )
    return f"; or use --repo {other}" if other else ""


def _filled(pin: Pin, kind: str, fill: Fill, cache: Path) -> Pristine:
    path = entry_path(pin, kind, cache)
    with hold_cache_lock(cache, path.stem):
        found, _ = _use(pin, kind, cache)  # another process may have fetched it during the wait
        if found:
            return found
        path.parent.mkdir(parents=True, exist_ok=True)
        with staging_folder(path.parent, ANOTHER_CACHE) as folder:
            repository, _ = _build(fill, folder / path.name)
            found = _verified(pin, repository, kind, f"the content from {kind}")
            _remove(path)
            if os.path.lexists(path):
                raise SourceError(f"{path} is of no use and cannot be removed", hint=ANOTHER_CACHE)
            move(repository.path, path)
    return replace(found, repository=Repository(path))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _build(fill: Fill, path: Path) -> tuple[Repository, str]:
    repository = snapshot.create(path)
    return repository, fill(repository)


def _verified(pin: Pin, repository: Repository, kind: str, where: str) -> Pristine:
    root = snapshot.read_root(repository)
    return Pristine(repository, kind, root, check_content(pin, read_manifest(pin), root.blobs, where))
