"""What a pasted file can use of each pin: its Python files, the names in them with their arguments, its libraries.

`make interfaces` writes it from the pins' texts: a file is read in the same way where a pin is not in the cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import interface_file, manifest_file, read_data

_BLOB_ID = 41  # characters before the path in a line of a manifest


@dataclass(frozen=True)
class Interface:
    """What a pasted file can use of a pin.

    Attributes:
        packages: the libraries that any of its files imports, by the names that Python has for them.
        defined_in: the classes and functions of its files with modules, each with the Python module that has it.
        signatures: the arguments of those, as in a definition.
    """

    packages: tuple[str, ...]
    defined_in: Mapping[str, str]
    signatures: Mapping[str, str]


@lru_cache(maxsize=16)
def interface(pin: str) -> Interface:
    """Return the interface of one of our own pins."""
    found = json.loads(read_data(interface_file(pin)))
    return Interface(tuple(found["packages"]), found["defined_in"], found["signatures"])


def format_interface(found: Interface) -> str:
    """Return the text of an interface's file."""
    return json.dumps(asdict(found), indent=1, sort_keys=True) + "\n"


def own_pins() -> tuple[str, ...]:
    """Return the names of our own pins, which have an interface."""
    return tuple(pin.name for pin in PINS.values() if not pin.home)


@lru_cache(maxsize=16)
def python_files(pin: str) -> frozenset[str]:
    """Return the paths of a pin's Python files."""
    lines = read_data(manifest_file(pin)).splitlines()
    return frozenset(line[_BLOB_ID:] for line in lines if line.endswith(".py"))
