"""The patch of a user's own module for a pin: it is in no file, but made from the pin's text."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.catalog.modules import Module
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import source_file
from yolopatch.core.own.patch import files_with_modules, own_changes
from yolopatch.core.paste.fitting import Fitted
from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.git.snapshot import Reader, pristine_reader
from yolopatch.outside.source.store import cache_dir, pristine


def own_patch(pin: Pin, module: Module, read: Reader) -> str:
    """Return the text of the patch.

    Args:
        pin: the upstream.
        module: a module of the user's own catalog.
        read: returns the pin's text of the given paths; paths that the pin does not have are left out.

    Raises:
        YolopatchError: the catalog does not have the module's file.
        UsageError: the module needs something that the pin does not have.
        AnchorNotFound: the pin has no place for a line.
    """
    paste = read_paste(own_source(module).encode(), f"{module.name}'s file")
    text, _ = patch_of_paste(pin, module, paste, read)
    return text


def own_source(module: Module) -> str:
    """Return the text of a module's file in a user's own catalog.

    Raises:
        YolopatchError: the catalog does not have the file.
    """
    file = source_file(module.source)
    if not file.is_file():
        raise YolopatchError(
            f"the file of {module.name} is missing from your own catalog: {file}",
            hint=f"add it again: yolopatch add FILE.py --name {module.name}",
        )
    return file.read_bytes().decode("utf-8-sig")


def patch_of_paste(pin: Pin, module: Module, paste: Pasted, read: Reader) -> tuple[str, Fitted]:
    """Return the text of a module's patch, and the module's file as it is added to the pin.

    Args:
        pin: the upstream.
        module: a module of the user.
        paste: its file, parsed.
        read: as in `own_patch`.
    """
    originals = read([pin.layout.parser, *files_with_modules(pin)])
    added, fitted = own_changes(pin, module, paste, originals, load_templates())
    return write_own_patch(pin, module.name, module.paper, added, originals), fitted


def cache_reader(pin: Pin) -> Reader:
    """Return a reader of the pin's text in the cache; a missing pin is fetched."""

    def read(paths: list[str]) -> Mapping[str, str]:
        with pristine(pin, "auto", cache_dir()) as found:
            return pristine_reader(found.repository, found.blobs)(paths)

    return read
