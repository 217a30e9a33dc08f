"""Sets of library versions; every set was tested with its pins, from training to export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from yolopatch.catalog.environment.compat import CompatFix, compat_fixes_of
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.catalog.resources import constraints_file, read_data

INSTALLERS = ("pip", "uv")
_PYTHONS = "# Python: "  # the line of the file with its Pythons; `.ci/setup` reads it, too


@dataclass(frozen=True)
class EnvironmentSet:
    """A set of library versions.

    Attributes:
        name: of the file in `constraints/` with the distributions and their versions.
        pins: the pins that run with it.
        room: bytes of disk space that the installation needs.
        room_cpu: the same with a torch that supports only CPUs.
    """

    name: str
    pins: tuple[str, ...]
    room: int
    room_cpu: int

    @property
    def file(self) -> Path:
        """The list of requirements."""
        return constraints_file(self.name)

    @property
    def pythons(self) -> tuple[str, ...]:
        """The Python versions that it runs on, best first: `3.11`."""
        named = (line for line in read_data(self.file).splitlines() if line.startswith(_PYTHONS))
        return tuple(next(named).removeprefix(_PYTHONS).split())

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements in it."""
        lines = (line.partition("#")[0].strip() for line in read_data(self.file).splitlines())
        return tuple(Requirement(line) for line in lines if line)

    def breaks(self, fix: CompatFix) -> bool:
        """Tell whether the libraries of the set break the code that this fix replaces."""
        since = Version(fix.since)
        if fix.library == "python":
            return any(Version(python) >= since for python in self.pythons)
        bounds = next((one.specifier for one in self.requirements if one.name == fix.library), ())
        return not any(
            (one.operator == "==" and Version(one.version) < since)
            or (one.operator == "<" and Version(one.version) <= since)
            for one in bounds
        )

    def needs_compat(self, pin: Pin) -> bool:
        """Tell whether the pin runs in it only with the compatibility patch."""
        return any(self.breaks(fix) for fix in compat_fixes_of(pin))

    def runs_on(self, python: str) -> bool:
        """Tell whether it runs on this version of Python (`3.11.9`)."""
        return ".".join(python.split(".")[:2]) in self.pythons


# yolov5 6.1 needs old versions, and the other pins run with them, too: one environment is enough for all.
_EXACT = EnvironmentSet("torch-2.3", tuple(PINS), room=6_500_000_000, room_cpu=2_500_000_000)
# Newer Pythons have no such old versions: there, the pins run with the compatibility patch.
_NEWEST = EnvironmentSet("torch-2.14", tuple(PINS), room=7_000_000_000, room_cpu=2_500_000_000)

SETS = (_EXACT, _NEWEST)


def sets_of(pin: Pin) -> tuple[EnvironmentSet, ...]:
    """Return the sets of versions with which the pin was tested, best first."""
    return tuple(found for found in SETS if (pin.like or pin.name) in found.pins)


def pythons_of(sets: Iterable[EnvironmentSet]) -> list[str]:
    """Return the Pythons on which any of the sets runs, oldest first."""
    return sorted({python for one in sets for python in one.pythons}, key=Version)


def set_for(pin: Pin, python: str) -> EnvironmentSet:
    """Return the set of versions with which the pin was tested on this version of Python; without one, the best."""
    found = sets_of(pin)
    return next((one for one in found if one.runs_on(python)), found[0])
