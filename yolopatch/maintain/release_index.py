"""Write the index of an upstream's releases: the folded ids of every file, class and function of each of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field

from packaging.version import Version

from yolopatch.catalog.releases import YOLOV5_TAGS
from yolopatch.catalog.resources import release_index_files
from yolopatch.core.fork.index import definition_ids, definitions_text, file_id, files_text
from yolopatch.core.text import blob_id
from yolopatch.errors import UsageError
from yolopatch.outside.source.bases import YOLOV5, find_base
from yolopatch.outside.source.pypi import list_versions
from yolopatch.outside.source.releases import PROJECT
from yolopatch.outside.source.store import cache_dir

_OLDEST = Version("8.0.0")
_AT_A_TIME = 4  # downloads
_Forms = dict[str, dict[str, list[int]]]  # the numbers of the releases by a name and the id of its form


@dataclass
class _Found:
    """What was read so far. `known` has the ids of each content, so that each is folded once."""

    files: _Forms = field(default_factory=dict)
    definitions: dict[str, _Forms] = field(default_factory=dict)
    known: dict[tuple[str, str], tuple[str, dict[str, str]]] = field(default_factory=dict)


def write_release_index(upstream: str) -> str:
    """Fetch every release of an upstream, write its index, and return what was written, in words.

    Raises:
        SourceError: a release cannot be fetched.
    """
    start = time.perf_counter()
    versions = list(YOLOV5_TAGS) if upstream == YOLOV5 else _every_version()
    fetched = time.perf_counter()
    found = _Found()
    with ProcessPoolExecutor() as pool:
        for number, version in enumerate(versions):
            _read(found, pool, number, find_base(f"{upstream}=={version}", cache_dir()).files)
    texts = files_text(versions, found.files), definitions_text(len(versions), found.definitions)
    for file, text in zip(release_index_files(upstream), texts):
        file.write_text(text, encoding="utf-8")
    sizes = " and ".join(f"{len(text.encode()):,}" for text in texts)
    seconds = f"{fetched - start:.0f} s to fetch, {time.perf_counter() - fetched:.0f} s to read"
    return f"{len(versions)} releases, {len(found.known):,} contents, {sizes} bytes, {seconds}"


def _every_version() -> list[str]:
    """Fetch every release and return the versions; also of those that the package index withdrew, and does not list."""
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


def _read(found: _Found, pool: ProcessPoolExecutor, number: int, files: Mapping[str, bytes]) -> None:
    """Note the files of a release; contents that no release before it had are folded by several processes."""
    keys = {path: (path, blob_id(data)) for path, data in files.items()}
    new = [path for path in files if keys[path] not in found.known]
    ids = pool.map(_ids, new, [files[path] for path in new], chunksize=4)
    found.known |= {keys[path]: of_path for path, of_path in zip(new, ids)}
    for path, key in keys.items():
        of_file, of_definitions = found.known[key]
        found.files.setdefault(path, {}).setdefault(of_file, []).append(number)
        for name, one in of_definitions.items():
            found.definitions.setdefault(path, {}).setdefault(name, {}).setdefault(one, []).append(number)


def _ids(path: str, data: bytes) -> tuple[str, dict[str, str]]:
    return file_id(path, data), definition_ids(path, data)
