"""Means over seeds, paired differences to a baseline, and what can be said of them; docs/statistics.md explains it."""

from __future__ import annotations

import functools
import importlib
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yolopatch.core.ablate.sign_flip import sign_flip
from yolopatch.errors import YolopatchError

ALPHA = 0.05
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """The mean of some runs and their sample standard deviation (by n - 1), None for a single run."""

    mean: float
    std: float | None
    count: int


@dataclass(frozen=True)
class Difference:
    """The paired difference of an arm to another over the seeds that both have.

    Attributes:
        mean: of the differences.
        low, high: the ends of its 95 % t interval, None for a single seed.
        p: of the sign-flip test, corrected by Holm for all arms of the scale; None for a single seed.
        p_alone: the same without the correction.
        seeds: how many.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    p_alone: float | None
    seeds: int

    @property
    def is_distinguishable(self) -> bool:
        """Whether the corrected p is small enough to say that the difference is none of chance."""
        return self.p is not None and self.p <= ALPHA


def summarize(values: Sequence[float]) -> Summary:
    """Return mean and standard deviation; the order of the values does not matter."""
    return Summary(statistics.fmean(values), _deviation(values) if len(values) > 1 else None, len(values))


def _deviation(values: Sequence[float]) -> float:
    """Return the sample standard deviation, as `statistics.stdev`, which takes ten times as long."""
    mean = statistics.fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def subtract(value: float, base: float) -> float:
    """Return the difference of two numbers as they are printed: 0.3 - 0.1 is 0.2, and equal differences are equal."""
    return float(Decimal(repr(value)) - Decimal(repr(base)))


def compare(differences: Mapping[str, Sequence[float]], count: int) -> dict[str, Difference]:
    """Return what the paired differences of a family of arms say.

    Args:
        differences: of each arm, one for each seed; at least one.
        count: how many arms the family was planned to have: p is corrected for all of them, with and without runs.

    Raises:
        YolopatchError: there is something to test, and scipy is not installed.
    """
    intervals = [t_interval(values) for values in differences.values()]
    alone = [sign_flip(values) if len(values) > 1 else None for values in differences.values()]
    return {
        arm: Difference(statistics.fmean(values), low, high, p, p_alone, len(values))
        for (arm, values), (low, high), p_alone, p in zip(differences.items(), intervals, alone, holm(alone, count))
    }


def t_interval(values: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """Return the ends of the t interval of the mean (Student 1908), None for those of a single value.

    Raises:
        YolopatchError: scipy is not installed.
    """
    if len(values) < 2:
        return None, None
    mean = statistics.fmean(values)
    width = _quantile(len(values) - 1) * _deviation(values) / math.sqrt(len(values))
    return mean - width, mean + width


@functools.cache
def _quantile(freedom: int) -> float:
    """Return the quantile of the t distribution with these degrees of freedom that CONFIDENCE asks for."""
    return float(require_scipy().stdtrit(freedom, (1 + CONFIDENCE) / 2))


def holm(alone: Sequence[float | None], count: int) -> list[float | None]:
    """Return each p corrected for `count` tests (Holm 1979), None for None.

    Tests without a p count as if theirs were 1, so that a later one makes no other larger.
    """
    order = sorted((p, number) for number, p in enumerate(alone) if p is not None)
    found: list[float | None] = [None] * len(alone)
    largest = 0.0
    for rank, (p, number) in enumerate(order):
        largest = max(largest, min(1.0, (count - rank) * p))
        found[number] = largest
    return found


def seeds_needed(arms: int) -> int:
    """Return how many seeds the test needs, so that the smallest corrected p of this many arms is at most ALPHA.

    With n seeds, no p is smaller than 2 / 2**n.
    """
    return math.ceil(math.log2(2 * arms / ALPHA))


def require_scipy() -> Any:
    """Return scipy's special functions, which take a while to import.

    Raises:
        YolopatchError: scipy is not installed.
    """
    try:
        return importlib.import_module("scipy.special")
    except ImportError as error:
        raise YolopatchError(
            "the statistics of an ablation need scipy, and this Python cannot import it",
            details=[f"found: {error}"],
            hint='pip install "yolopatch[paper]"',
        ) from error
