"""The user's own catalog: a folder with pins, modules and their patches, added to ours when a command starts.

`pins/<pin>.json`, `manifests/<pin>.txt`, `patches/<pin>/*.patch`, `modules/<name>.json` and `modules/<source>.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from yolopatch.catalog.module import Module
from yolopatch.catalog.modules import MODULES, own_source_name
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS, GitSource, Pin, WheelSource
from yolopatch.core.plain_json import load_json
from yolopatch.outside.files.staging import remove_all, write_all
from yolopatch.outside.files.user_folder import NoHomeError, user_folder

CATALOG_VARIABLE = "YOLOPATCH_CATALOG"

_Entry = TypeVar("_Entry", Pin, Module)
_NO_FILES: Mapping[Path, bytes] = MappingProxyType({})


def own_catalog_dir() -> Path:
    """Return the folder of the user's own catalog: `YOLOPATCH_CATALOG`, else the platform's settings folder.

    Raises:
        NoHomeError: as `user_folder`.
    """
    return user_folder(CATALOG_VARIABLE, "config")


def load_users_catalog() -> tuple[str, ...]:
    """Register the pins and modules of the user's own catalog; a user without a home folder has none."""
    try:
        folder = own_catalog_dir()
    except NoHomeError:
        return ()
    return load_own_catalog(folder)


def load_own_catalog(folder: Path) -> tuple[str, ...]:
    """Register the pins and modules of this folder; the entries of another folder are removed first.

    An entry that is damaged, or has the name of one of ours, is skipped; the other entries are registered.

    Returns:
        one line for each skipped entry: the file and the reason.
    """
    _forget(PINS)
    _forget(MODULES)
    pins = _register(folder, "pins", _read_pin, PINS)
    return (*pins, *_register(folder, "modules", _read_module, MODULES))


def write_pin(pin: Pin, folder: Path, files: Mapping[Path, bytes] = _NO_FILES) -> Path:
    """Write the entry of a ported pin with its other files, all or none, and return the file of the entry.

    Older ones of the same names are replaced.

    Raises:
        OSError: one cannot be written; nothing was changed.
    """
    entry = {
        "name": pin.name,
        "like": pin.like,
        "model": pin.model,
        "block": pin.block,
        "others": pin.others,
        "git": pin.git and asdict(pin.git),
        "wheel": pin.wheel and asdict(pin.wheel),
    }
    return _write_entry(folder / "pins" / f"{pin.name}.json", entry, files)


def write_fork(module: Module, folder: Path, patches: Mapping[str, bytes]) -> Path:
    """Write the entry of a fork's module with its patches, all or none, and return the file of the entry.

    Args:
        module: the module.
        folder: the catalog.
        patches: its patch for each pin, by the pin's name; those for other pins stay.

    Raises:
        OSError: one cannot be written; nothing was changed.
    """
    file = f"{module.name}-{module.flavors[0]}.patch"
    return _write_module(module, folder, {folder / "patches" / pin / file: data for pin, data in patches.items()})


def write_module(module: Module, folder: Path, source: bytes | None = None) -> Path:
    """Write the entry of a module with its source, both or none, and return the file of the entry.

    Args:
        module: the module.
        folder: the catalog.
        source: the text of `modules/<source>.py`; None to leave that file as it is.

    Raises:
        OSError: one cannot be written; nothing was changed.
    """
    files = {} if source is None else {folder / "modules" / f"{module.source}.py": source}
    return _write_module(module, folder, files)


def _write_module(module: Module, folder: Path, files: Mapping[Path, bytes]) -> Path:
    entry = {key: value for key, value in asdict(module).items() if key != "home"}
    return _write_entry(folder / "modules" / f"{module.name}.json", entry, files)


def stored_modules(folder: Path) -> tuple[str, ...]:
    """Return the names of all module entries in a catalog, also of those that are damaged."""
    return tuple(sorted(file.stem for file in (folder / "modules").glob("*.json")))


def delete_module(name: str, folder: Path) -> tuple[Path, ...]:
    """Delete a module's entry with its source, or with its patches where it has them, all or none.

    Returns:
        the deleted files.

    Raises:
        OSError: one cannot be deleted; nothing was changed.
    """
    entry = folder / "modules" / f"{name}.json"
    source = folder / "modules" / f"{_source_of(entry)}.py"
    used = {module.source for module in MODULES.values() if module.home == folder and module.name != name}
    sources = [source] if source.is_file() and source.stem not in used else []
    sources += sorted((folder / "patches").glob(f"*/{name}-*.patch"))
    remove_all([*sources, entry])  # the entry last: as long as it is there, `forget` finds the module
    return (entry, *sources)


def _source_of(entry: Path) -> str:
    """Return the name of a module's source; for a damaged entry, the name that `add` gives."""
    from yolopatch.core.own.entry_forms import file_name_form  # imported late, as below

    usual = own_source_name(entry.stem)
    try:
        source = load_json(entry.read_bytes())["source"]
    except (ValueError, KeyError, TypeError):
        return usual
    return str(source) if file_name_form(source) else usual


def _write_entry(file: Path, entry: Mapping[str, object], files: Mapping[Path, bytes]) -> Path:
    # the entry last: without it, nothing reads the other files
    write_all({**files, file: (json.dumps(entry, indent=2, ensure_ascii=False) + "\n").encode()})
    return file


def _forget(registry: MutableMapping[str, _Entry]) -> None:
    for name in [name for name, entry in registry.items() if entry.home]:
        del registry[name]


def _register(
    folder: Path, kind: str, read: Callable[[Mapping[str, Any], Path], _Entry], registry: MutableMapping[str, _Entry]
) -> list[str]:
    taken = {fold(name) for name in registry}
    wrong = []
    for file in sorted((folder / kind).glob("*.json")):
        try:
            entry = read(_json_of(file), folder)
            _check_name(entry.name, file, taken)
        except (ValueError, KeyError, OSError) as error:
            wrong.append(f"{file} was skipped: {_reason(error)}")
        else:
            registry[entry.name] = entry
    return wrong


def _json_of(file: Path) -> Any:
    if not file.is_file():
        raise ValueError("it is not a file")
    return load_json(file.read_bytes())


def _check_name(name: str, file: Path, taken: set[str]) -> None:
    if name != file.stem:
        raise ValueError(f"its name is {name!r}, which is not the name of the file")
    if fold(name) in taken:
        raise ValueError(f"yolopatch already has {name}")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON: {error}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error)


def _read_pin(entry: Mapping[str, Any], folder: Path) -> Pin:
    from yolopatch.core.own.entry_forms import check_pin_entry  # imported late: most users have no catalog of their own

    check_pin_entry(entry)
    like = PINS.get(entry["like"])
    if like is None or like.home:
        raise ValueError(f"it is like {entry['like']!r}, which is not a pin of yolopatch")
    if not entry["name"].startswith(f"{like.upstream}-"):
        raise ValueError(f"its name does not start with {like.upstream}-")
    return Pin(
        name=entry["name"],
        upstream=like.upstream,
        model=entry["model"],
        block=entry["block"],
        layout=like.layout,
        git=entry["git"] and GitSource(**entry["git"]),
        wheel=entry["wheel"] and WheelSource(**entry["wheel"]),
        home=folder,
        like=like.name,
        others=tuple(entry.get("others", like.others)),
    )


def _read_module(entry: Mapping[str, Any], folder: Path) -> Module:
    from yolopatch.core.own.entry_forms import check_module_entry  # imported late, as above

    check_module_entry(entry)
    values = {key: _as_tuples(value) for key, value in entry.items()}
    return Module(**values, home=folder)


def _as_tuples(value: Any) -> Any:
    """Return JSON's lists as tuples, at every depth."""
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
