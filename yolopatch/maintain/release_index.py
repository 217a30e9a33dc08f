"""Write the index of an upstream's releases: the folded ids of every file, class and function of each of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from yolopatch.catalog.releases import YOLOV5_NEWEST, YOLOV5_TAGS
from yolopatch.catalog.resources import release_index_files
from yolopatch.core.fork.base import Commit
from yolopatch.core.fork.index import definition_ids, definitions_text, file_id, files_text, is_code
from yolopatch.maintain.states import State, every_version, fetch_history, states_of_history, states_of_releases
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.source.bases import YOLOV5, YOLOV5_URL

_Forms = dict[str, dict[str, list[int]]]  # the numbers of the releases by a name and the id of its form


@dataclass
class _Found:
    """What was read so far. `known` has the ids of each content, so that each is folded once."""

    releases: list[str | Commit] = field(default_factory=list)
    files: _Forms = field(default_factory=dict)
    definitions: dict[str, _Forms] = field(default_factory=dict)
    known: dict[tuple[str, str], tuple[str, dict[str, str]]] = field(default_factory=dict)


def write_release_index(upstream: str) -> str:
    """Fetch every release of an upstream, write its index, and return what was written, in words.

    Raises:
        SourceError, GitError: a release cannot be fetched.
    """
    start = time.perf_counter()
    with _states(upstream) as states:
        fetched = time.perf_counter()
        found = read_states(states)
    texts = files_text(found.releases, found.files), definitions_text(len(found.releases), found.definitions)
    for file, text in zip(release_index_files(upstream), texts):
        file.write_text(text, encoding="utf-8")
    sizes = " and ".join(f"{len(text.encode()):,}" for text in texts)
    seconds = f"{fetched - start:.0f} s to fetch, {time.perf_counter() - fetched:.0f} s to read"
    commits = sum(isinstance(one, Commit) for one in found.releases)
    counts = f"{len(found.releases) - commits} releases, {commits:,} commits, {len(found.known):,} contents"
    return f"{counts}, {sizes} bytes, {seconds}"


@contextmanager
def _states(upstream: str) -> Iterator[Iterable[State]]:
    if upstream != YOLOV5:
        yield states_of_releases(every_version())
        return
    with temporary_folder() as folder:
        yield states_of_history(fetch_history(YOLOV5_URL, YOLOV5_NEWEST, folder / "history.git"), YOLOV5_TAGS)


def read_states(states: Iterable[State]) -> _Found:
    """Return what an index says of these states: of every release, and of each commit that changes code."""
    found = _Found()
    before: dict[str, str] = {}
    with ProcessPoolExecutor() as pool:
        for state in states:
            _learn(found, pool, state)
            code = {path: found.known[path, blob][0] for path, blob in state.blobs.items() if is_code(path)}
            if isinstance(state.release, str) or code != before:
                _note(found, state)
                before = code
    return found


def _learn(found: _Found, pool: ProcessPoolExecutor, state: State) -> None:
    """Fold the contents that no state before had, by several processes."""
    new = [path for path, blob in state.blobs.items() if (path, blob) not in found.known]
    ids = pool.map(_ids, new, [state.files[path] for path in new], chunksize=4)
    found.known |= {(path, state.blobs[path]): of_path for path, of_path in zip(new, ids)}


def _note(found: _Found, state: State) -> None:
    """Note the files of a state and their definitions."""
    number = len(found.releases)
    found.releases.append(state.release)
    for path, blob in state.blobs.items():
        of_file, of_definitions = found.known[path, blob]
        found.files.setdefault(path, {}).setdefault(of_file, []).append(number)
        for name, one in of_definitions.items():
            found.definitions.setdefault(path, {}).setdefault(name, {}).setdefault(one, []).append(number)


def _ids(path: str, data: bytes) -> tuple[str, dict[str, str]]:
    return file_id(path, data), definition_ids(path, data)
