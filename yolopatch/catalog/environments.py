"""Sets of versions, each of which was seen to run its pins from training to export."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.catalog.pins import PINS, Pin


@dataclass(frozen=True)
class EnvironmentSet:
    """One set of versions.

    Attributes:
        name: of the file in `constraints/` that lists what is installed, with the versions that it may have.
        pins: the pins that run with it.
        pythons: the versions of Python that it runs on, best first.
    """

    name: str
    pins: tuple[str, ...]
    pythons: tuple[str, ...]


# yolov5 6.1 is what holds the versions back, and the others run with them as well: one environment serves all.
_EVERY_PIN = EnvironmentSet("torch-2.3", tuple(PINS), ("3.11", "3.10"))


def set_of(pin: Pin) -> EnvironmentSet:
    """Return the set of versions in which the pin really trains."""
    return _EVERY_PIN
