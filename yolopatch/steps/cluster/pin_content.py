"""A pin's content on its way to a node, which then needs no network: its repository in the cache, checked at use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yolopatch.catalog.pins import Pin
from yolopatch.outside.files.folders import move
from yolopatch.outside.files.lock import ANOTHER_CACHE, hold_cache_lock
from yolopatch.outside.files.staging import staging_folder
from yolopatch.outside.source.store import entry_path
from yolopatch.steps.cluster.plain_files import read_files, write_files


def read_pin(pin: Pin, kind: str, cache: Path) -> dict[str, bytes]:
    """Return the files of a pin's repository in the cache; empty where the cache has none from this kind of source."""
    place = entry_path(pin, kind, cache)
    return read_files(place) if place.is_dir() else {}


def put_pin(pin: Pin, kind: str, files: Mapping[str, bytes], cache: Path) -> None:
    """Put such a repository into the cache of this machine, unless it has one.

    Raises:
        OSError, YolopatchError: it cannot be written.
    """
    place = entry_path(pin, kind, cache)
    with hold_cache_lock(cache, place.stem):
        if place.is_dir() or not files:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with staging_folder(place.parent, ANOTHER_CACHE) as folder:
            part = folder / place.name
            part.mkdir()
            for needed in ("objects", "refs"):  # git knows a repository by them, and they may have no file
                (part / needed).mkdir()
            write_files(part, files)
            move(part, place)
