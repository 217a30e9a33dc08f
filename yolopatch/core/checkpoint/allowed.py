"""Which names in a checkpoint, and which uses of them, are not allowed: those that no normal checkpoint has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from yolopatch.catalog.checkpoint.loadable import CLASSES_OF, EXACT, OPENING, RULES, USES
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import Pin
from yolopatch.core.code.own_files import own_file, own_layers_file
from yolopatch.core.syntax import classes, module_name, parse

_RULE = re.compile("|".join(RULES))
_USE = re.compile("|".join(USES))


def unknown_names(pin: Pin, asked: Iterable[str], read: Callable[[list[str]], Mapping[str, str]]) -> tuple[str, ...]:
    """Return the names that are not known to be safe.

    Args:
        pin: the pin of the workspace in which the checkpoint is loaded.
        asked: `module.name` of everything that the checkpoint would import.
        read: returns the workspace's text of the given paths; paths that do not exist are left out.
    """
    unknown = [name for name in asked if name not in EXACT and not _RULE.fullmatch(name)]
    files = {name: _file(pin, name) for name in unknown}
    texts = read(sorted({file for file in files.values() if file}))
    defined = {file: classes(parse(text)).keys() - OPENING for file, text in texts.items()}
    return tuple(name for name in unknown if name.rpartition(".")[2] not in defined.get(files[name], ()))


def unknown_uses(uses: Iterable[str]) -> tuple[str, ...]:
    """Return the uses that are not known to be safe, see `probe/pickled/uses.py`."""
    return tuple(use for use in uses if not _USE.fullmatch(use))


def _file(pin: Pin, name: str) -> str:
    """Return the workspace's file that must define the class; "" if no allowed file can."""
    module = name.rpartition(".")[0]
    package = pin.layout.package and f"{pin.layout.package}."
    allowed = [*(f"{package}{part}" for part in CLASSES_OF[pin.layout.style]), *_places(pin)]
    if not any(module == part or (part.endswith((".", "_")) and module.startswith(part)) for part in allowed):
        return ""
    return module.replace(".", "/") + ".py"


def _places(pin: Pin) -> Iterator[str]:
    """Yield the modules in which yolopatch's own patches put classes: where posts put theirs, and files of their own.

    A workspace has such a file only with the module: a checkpoint of another workspace that names it is refused.
    """
    for module in MODULES.values():
        place = module.place_of(TUTORIAL_FLAVOR)
        if place and pin.layout.style == "ultralytics":
            yield place.module
        if not module.tutorial and not module.home:
            for file in (own_file(pin, module), own_layers_file(pin, module)):
                yield module_name(file)
