"""`forget`: remove a module from the user's own catalog. Workspaces that have it keep it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from yolopatch.catalog.modules import lookup_module
from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.system_errors import advice, number_of
from yolopatch.outside.own.own_catalog import delete_module, load_own_catalog, stored_modules
from yolopatch.outside.workspace.workspace import find_workspace

_MOST_FOLDERS = 200  # below the current folder; a home folder may have thousands


@dataclass(frozen=True)
class Forgotten:
    """A module that was removed from the catalog.

    Attributes:
        files: the files that were removed.
        workspaces: the workspaces at, above or directly below the current folder that have the module, and keep it.
    """

    module: str
    catalog: Path
    files: tuple[Path, ...]
    workspaces: tuple[Path, ...]


def forget(name: str, folder: Path, here: Path) -> Forgotten:
    """Remove a module from the user's own catalog; a damaged entry, too.

    Args:
        name: of the module, or of one of its classes.
        folder: the catalog.
        here: the current folder; workspaces with the module are looked for around it.

    Raises:
        UsageError: the catalog does not have the module.
        YolopatchError: the catalog cannot be written.
    """
    load_own_catalog(folder)
    module = _find(name, folder)
    try:
        files = delete_module(module, folder)
    except OSError as error:
        raise YolopatchError(
            f"cannot remove {module} from your own catalog {folder}: {error.strerror}; nothing was changed",
            hint=advice(number_of(error), folder / "modules"),
        ) from error
    return Forgotten(module, folder, files, tuple(_holders(module, here)))


def _find(name: str, folder: Path) -> str:
    stored = stored_modules(folder)
    by_name = next((one for one in stored if fold(one) == fold(name)), None)
    if by_name:
        return by_name
    module = lookup_module(name)
    if module and module.home:
        return module.name
    if module:
        raise UsageError(
            f"{module.name} is a module of yolopatch, which stays; only your own modules can be removed",
            details=[f"in your catalog {folder}: {', '.join(stored) or 'no module'}"],
            hint=f"to remove it from a workspace: yolopatch remove --module {module.name} WORKSPACE",
        )
    if not stored:
        raise UsageError(
            f"your own catalog {folder} has no module",
            details=[f"expected: the module {name}"],
            hint="name the folder of another catalog with --catalog",
        )
    raise unknown("module of your own", name, stored, "yolopatch list modules")


def _holders(module: str, here: Path) -> Iterator[Path]:
    """Yield the workspaces around a folder that have the module."""
    below = islice(sorted(here.iterdir()), _MOST_FOLDERS)
    for place in (here, *here.parents, *below):
        # os.path, because it says no where a folder may not be read
        workspace = find_workspace(place) if os.path.isdir(place / ".git") else None
        if workspace and any(applied.name == module for applied in workspace.applied):
            yield place
