"""The patch of a user's own module for a pin: no file holds it, it is made from the pin's text."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.catalog.modules import Module
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import source_file, templates_dir
from yolopatch.core.own import files_with_modules, own_additions
from yolopatch.core.patchtext import write_patch
from yolopatch.errors import YolopatchError
from yolopatch.outside.snapshot import Reader, pristine_reader
from yolopatch.outside.store import cache_dir, pristine

_WORDS = "A module of the user's own, as it was pasted; what runs by itself is left out."


def own_patch(pin: Pin, module: Module, read: Reader) -> str:
    """Return the text of the patch.

    Args:
        pin: what it is for.
        module: from a user's own catalog.
        read: gives the pin's text of these paths, without those that the pin lacks.

    Raises:
        YolopatchError: the catalog lacks the module's file.
        UsageError: the module needs what the pin does not have.
        NoPlace: the pin has no place for a line.
    """
    file = source_file(module.source)
    if not file.is_file():
        raise YolopatchError(
            f"{module.name}'s file is not in your own catalog: {file}",
            hint=f"add it again: yolopatch add FILE.py --name {module.name}",
        )
    return write_own_patch(pin, module, file.read_bytes().decode("utf-8-sig"), read)


def write_own_patch(pin: Pin, module: Module, source: str, read: Reader) -> str:
    """Return the text of the patch of a module whose file has this text."""
    originals = read([pin.layout.parser, *files_with_modules(pin)])
    added = own_additions(pin, module, source, originals, templates_dir())
    return write_patch(f"Add {module.name} to {pin.name}", f"{module.paper}.\n\n{_WORDS}", added, originals)


def from_the_cache(pin: Pin) -> Reader:
    """Return what reads the pin's text from the cache, and fetches it where it is not there."""

    def read(paths: list[str]) -> Mapping[str, str]:
        with pristine(pin, "auto", cache_dir()) as found:
            return pristine_reader(found.repository, found.blobs)(paths)

    return read
