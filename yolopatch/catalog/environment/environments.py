"""Sets of versions, each of which was seen to run its pins from training to export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from yolopatch.catalog.pins import PINS, Pin
from yolopatch.catalog.resources import constraints_file, read_data

INSTALLERS = ("pip", "uv")


@dataclass(frozen=True)
class EnvironmentSet:
    """One set of versions.

    Attributes:
        name: of the file in `constraints/` that lists what is installed, with the versions that it may have.
        pins: the pins that run with it.
        pythons: the versions of Python that it runs on, best first.
        room: bytes that it takes on a disk, with room to install it.
        room_cpu: the same with a torch for CPUs alone.
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
        """What is installed by name."""
        lines = (line.partition("#")[0].strip() for line in read_data(self.file).splitlines())
        return tuple(Requirement(line) for line in lines if line)

    def runs_on(self, python: str) -> bool:
        """Tell whether this version of Python (`3.11.9`) is one that it runs on."""
        return ".".join(python.split(".")[:2]) in self.pythons


# yolov5 6.1 is what holds the versions back, and the others run with them as well: one environment serves all.
_EVERY_PIN = EnvironmentSet("torch-2.3", tuple(PINS), ("3.11", "3.10"), room=6_500_000_000, room_cpu=2_500_000_000)

SETS = (_EVERY_PIN,)


def set_of(pin: Pin) -> EnvironmentSet:
    """Return the set of versions in which the pin really trains."""
    return next(found for found in SETS if (pin.like or pin.name) in found.pins)
