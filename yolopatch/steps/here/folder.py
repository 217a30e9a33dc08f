"""What lies in a folder that yolopatch can do something with: told by names and first lines, as data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from yolopatch.catalog.modules import module_of_class
from yolopatch.catalog.pins import PINS
from yolopatch.outside.workspace.workspace import is_workspace_folder
from yolopatch.wire import shell

WORKSPACE, FORK, DATA, MODEL, CHECKPOINT, CODE, GRID = (
    "workspace",
    "fork",
    "data set",
    "model YAML",
    "checkpoint",
    "module",
    "grid",
)
NEW_WORKSPACE = "yolopatch apply --repo ultralytics --module DSConv --dest my-yolo"
_MOST_ENTRIES = 1000  # a folder of images may have a million
_MOST_READ = 60  # files that are opened
_MOST_BYTES = 256 * 1024
_CLASS = re.compile(rb"^class +\w+ *\( *(?:torch\.)?(?:nn\.)?Module *\)", re.MULTILINE)
_ARM = re.compile(rb"^\[\[arm\]\]", re.MULTILINE)
_PARSERS = sorted({pin.layout.parser for pin in PINS.values()})


@dataclass(frozen=True)
class Found:
    """Something that yolopatch can do something with.

    Attributes:
        path: as it is typed from the folder.
        kind: one of WORKSPACE, FORK, DATA, MODEL, CHECKPOINT, CODE and GRID.
        command: what to type for it.
        modules: of a MODEL, the modules whose classes it names.
    """

    path: Path
    kind: str
    command: str
    modules: tuple[str, ...] = ()


def look_around(folder: Path) -> tuple[Found, ...]:
    """Return what lies in a folder, by name. What cannot be read is nothing.

    Files are opened up to a number and a size: so a folder of any size costs little time.
    """
    if _has_parser(folder) and not is_workspace_folder(folder):
        return (Found(Path("."), FORK, "yolopatch adopt ."),)
    left = [_MOST_READ]
    return tuple(found for name in _names(folder) if (found := _found(folder, Path(name), left)))


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MOST_ENTRIES) if not entry.name.startswith("."))
    except OSError:
        return []


def _found(folder: Path, name: Path, left: list[int]) -> Found | None:
    try:
        if (folder / name).is_dir():
            return _in_folder(folder, name, left)
        look = _LOOKS.get(name.suffix.lower())
        return look(folder, name, left) if look and (folder / name).is_file() else None
    except OSError:
        return None  # it is gone, or belongs to somebody else


def _in_folder(folder: Path, name: Path, left: list[int]) -> Found | None:
    if is_workspace_folder(folder / name):
        return Found(name, WORKSPACE, shell.join(["yolopatch", "status", name]))
    if _has_parser(folder / name):
        return Found(name, FORK, shell.join(["yolopatch", "adopt", name]))
    data = name / "data.yaml"
    return _yaml(folder, data, left) if (folder / data).is_file() else None


def _has_parser(folder: Path) -> bool:
    try:
        return any((folder / parser).is_file() for parser in _PARSERS)
    except OSError:
        return False


def _yaml(folder: Path, name: Path, left: list[int]) -> Found | None:
    from yolopatch.core.plain_yaml import PlainYamlError, load_plain  # imported late: many folders have no YAML

    try:
        says = load_plain(_start(folder / name, left).decode("utf-8", "replace"))
    except PlainYamlError:
        return None
    if not isinstance(says, dict):
        return None
    if says.get("backbone") and says.get("head"):
        return _model(name, says)
    is_data = says.get("train") and says.get("val")
    return Found(name, DATA, shell.join(["yolopatch", "data", "check", name])) if is_data else None


def _model(name: Path, says: dict[Any, Any]) -> Found:
    from yolopatch.core.model.cfg_file import CfgFile  # imported late, as above

    rows = CfgFile(name, says).rows
    modules = tuple(dict.fromkeys(module.name for row in rows if (module := module_of_class(row[2]))))
    if modules:
        chosen = [word for module in modules for word in ("--module", module)]
        command = ["yolopatch", "apply", "--repo", "ultralytics", *chosen, "--dest", "my-yolo"]
    else:
        command = ["yolopatch", "render-cfg", "--from", str(name), "--module", "DSConv", "--out", "rendered"]
    return Found(name, MODEL, shell.join(command), modules)


def _checkpoint(folder: Path, name: Path, left: list[int]) -> Found:
    return Found(name, CHECKPOINT, shell.join(["yolopatch", "restore", name]))


def _code(folder: Path, name: Path, left: list[int]) -> Found | None:
    is_module = _CLASS.search(_start(folder / name, left))
    return Found(name, CODE, shell.join(["yolopatch", "add", name])) if is_module else None


def _grid(folder: Path, name: Path, left: list[int]) -> Found | None:
    is_grid = _ARM.search(_start(folder / name, left))
    return Found(name, GRID, shell.join(["yolopatch", "ablate", name, "--dry-run"])) if is_grid else None


def _start(file: Path, left: list[int]) -> bytes:
    """Return the start of a file; nothing of it when enough files were opened."""
    left[0] -= 1
    if left[0] < 0:
        return b""
    with file.open("rb") as stream:
        return stream.read(_MOST_BYTES)


_LOOKS: dict[str, Callable[[Path, Path, list[int]], Found | None]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".pt": _checkpoint,
    ".py": _code,
    ".toml": _grid,
}


def of_kind(found: tuple[Found, ...], kind: str) -> Iterator[Found]:
    """Yield what is of a kind."""
    return (one for one in found if one.kind == kind)
