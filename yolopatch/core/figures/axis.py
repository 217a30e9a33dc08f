"""A scale of numbers along a line of pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_SPARE = 0.06  # of the length, at both ends, so that nothing is cut


@dataclass(frozen=True)
class Axis:
    """A range of numbers and where it lies, in pixels."""

    low: float
    high: float
    start: float
    length: float

    def at(self, value: float) -> float:
        """Return where a number lies."""
        return self.start + self.length * (value - self.low) / (self.high - self.low)

    def ticks(self, most: int = 6) -> list[float]:
        """Return at most so many round numbers in the range, evenly spaced."""
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [number * step for number in range(first, last + 1)]

    def tick_decimals(self) -> int:
        """Return how many decimals tell the ticks apart."""
        ticks = self.ticks()
        return max(0, math.ceil(-math.log10(ticks[1] - ticks[0]) - 1e-9)) if len(ticks) > 1 else 2


def fit(values: Iterable[float], start: float, length: float, least: float) -> Axis:
    """Return an axis that shows all values, with some space at its ends, and at least a range of this size.

    It begins at 0 where a space would make numbers below 0 of values that have none.
    """
    found = list(values)
    low, high = min(found), max(found)
    spare = max((high - low) * _SPARE, (least - (high - low)) / 2)
    if low >= 0 > low - spare:
        return Axis(0.0, max(high + spare, least), start, length)
    return Axis(low - spare, high + spare, start, length)
