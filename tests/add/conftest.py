"""Files as people paste them, added to a catalog that all tests of a run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.outside.source.store import pristine
from yolopatch.steps.own.add import AddedModule, AddRequest, add

PASTED = Path(__file__).parent / "pasted"
# what has to be said where a file leaves it open
SAID = {
    "Conv": {"name": "ScaledConv"},
    "HaarDown": {"like": "Conv", "stride": 2},
    "ContextDown": {"symbol": "ContextDownTo"},
}


@pytest.fixture
def paste(tmp_path) -> Callable[..., Path]:
    """Write a file as it was pasted; returns its path."""

    def write(text: str | bytes, name: str = "MyConv.py") -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


@pytest.fixture(scope="session")
def cached_pins(cache) -> None:
    """Put every pin that can be reached into the cache, so that `add` tries it."""
    for pin in PINS.values():
        with suppress(SourceError), pristine(pin, "auto", cache):
            pass


@pytest.fixture(scope="session")
def all_added(shared, cache, cached_pins) -> tuple[Path, Mapping[str, AddedModule]]:
    """The catalog with every pasted file in it, and what each gave. The pins that can be reached are tried."""
    folder = shared / "own-catalog"
    with FileLock(shared / "own-catalog.lock"):
        found = {
            file.stem: add(AddRequest(file, **SAID.get(file.stem, {})), folder, cache)
            for file in sorted(PASTED.glob("*.py"))
        }
    load_own_catalog(shared / "nothing")
    return folder, found


@pytest.fixture
def pasted(all_added, monkeypatch):
    """The catalog with every pasted file in it, as the user's own for one test."""
    folder, found = all_added
    monkeypatch.setenv("YOLOPATCH_CATALOG", str(folder))
    load_own_catalog(folder)
    yield found
    load_own_catalog(folder / "nothing")
