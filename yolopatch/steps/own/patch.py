"""The patch of a user's own module for a pin: it is in no file, but made from the pin's text."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.catalog.module import FLAVORS, Module
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import source_file
from yolopatch.core.own.patch import files_read, own_changes
from yolopatch.core.paste.fitting import Fitted
from yolopatch.core.paste.reading import Pasted, read_paste
from yolopatch.core.patch.patch_file import write_own_patch
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.files.templates import load_templates
from yolopatch.outside.git.snapshot import Reader, pristine_reader
from yolopatch.outside.source.store import cache_dir, pristine


def own_patch(pin: Pin, module: Module, read: Reader, flavor: str) -> str:
    """Return the text of the patch.

    Args:
        pin: the upstream.
        module: a module of the user's own catalog.
        read: returns the pin's text of the given paths; paths that the pin does not have are left out.
        flavor: one that the module has.

    Raises:
        YolopatchError: the catalog does not have the module's file, or it is another one.
        UsageError: the module needs something that the pin does not have.
        AnchorNotFound: the pin has no place for a line.
    """
    text, _ = patch_of_paste(pin, module, own_paste(module), read, flavor)
    return text


def own_paste(module: Module) -> Pasted:
    """Return a module's file, parsed: of a user's own catalog, or of yolopatch.

    Raises:
        YolopatchError: the file is not there, or it is not the one that `add` stored.
    """
    file = source_file(module.source)
    place, hint = _place_of(module)
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        what = f"the file of {module.name} is missing from {place}: {file}"
        raise YolopatchError(what, hint=hint) from error
    except OSError as error:
        raise YolopatchError(
            f"cannot read the file of {module.name}, {file}: {error.strerror}",
            hint=advice(number_of(error), file, hint),
        ) from error
    paste = read_paste(data, f"{module.name}'s file")
    if module.defined_as not in {**paste.classes, **paste.functions}:
        raise YolopatchError(
            f"the file of {module.name} in {place} has no class {module.defined_as}: {file}",
            details=[f"found: {', '.join(paste.classes) or 'no class'}"],
            hint=hint,
        )
    return paste


def _place_of(module: Module) -> tuple[str, str]:
    """Return what holds a module's file, and what to do about a file that is not as it should be."""
    if module.home:
        return "your own catalog", f"add it again: yolopatch add FILE.py --name {module.name} --replace"
    return "yolopatch's installation", "install yolopatch again: pip install --force-reinstall yolopatch"


def patch_of_paste(
    pin: Pin, module: Module, paste: Pasted, read: Reader, flavor: str = FLAVORS[0]
) -> tuple[str, Fitted]:
    """Return the text of a module's patch, and the module's file as it is added to the pin.

    Args:
        pin: the upstream.
        module: a module of the user.
        paste: its file, parsed.
        read, flavor: as in `own_patch`.
    """
    originals = read(list(files_read(pin, module, paste)))
    added, fitted = own_changes(pin, module, paste, originals, load_templates(), flavor)
    return write_own_patch(pin, module.name, module.paper, added, originals), fitted


def cache_reader(pin: Pin) -> Reader:
    """Return a reader of the pin's text in the cache; a missing pin is fetched."""

    def read(paths: list[str]) -> Mapping[str, str]:
        with pristine(pin, "auto", cache_dir()) as found:
            return pristine_reader(found.repository, found.blobs)(paths)

    return read
