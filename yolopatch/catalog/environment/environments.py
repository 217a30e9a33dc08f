"""Sets of library versions; every set was tested with its pins, from training to export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from yolopatch.catalog.environment.compat import CompatFix, compat_fixes_of
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.catalog.resources import constraints_file, read_data

INSTALLERS = ("pip", "uv")


@dataclass(frozen=True)
class EnvironmentSet:
    """A set of library versions.

    Attributes:
        name: of the file in `constraints/` with the distributions and their versions.
        pins: the pins that run with it.
        pythons: the Python versions that it runs on, best first.
        room: bytes of disk space that the installation needs.
        room_cpu: the same with a torch that supports only CPUs.
    """

    name: str
    pins: tuple[str, ...]
    pythons: tuple[str, ...]
    room: int
    room_cpu: int

    @property
    def file(self) -> Path:
        """The list of requirements."""
        return constraints_file(self.name)

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
_EVERY_PIN = EnvironmentSet("torch-2.3", tuple(PINS), ("3.11", "3.10"), room=6_500_000_000, room_cpu=2_500_000_000)

SETS = (_EVERY_PIN,)


def sets_of(pin: Pin) -> tuple[EnvironmentSet, ...]:
    """Return the sets of versions with which the pin was tested, best first."""
    return tuple(found for found in SETS if (pin.like or pin.name) in found.pins)


def set_for(pin: Pin, python: str) -> EnvironmentSet:
    """Return the set of versions with which the pin was tested on this version of Python; without one, the best."""
    found = sets_of(pin)
    return next((one for one in found if one.runs_on(python)), found[0])
