"""Means over seeds, paired differences to a baseline, and what can be said of them; docs/statistics.md explains it."""

from __future__ import annotations

import importlib
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yolopatch.errors import YolopatchError

ALPHA = 0.05
CONFIDENCE = 0.95
MOST_EXACT = 16  # seeds: more of them have more sign flips than are tried
_FLIPS = 2**MOST_EXACT
_NUMBERS = 2**20  # that the test holds at once: 8 MiB
_WHOLE = 2**53  # below it, every whole number is exact in float64


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
    """Return mean and standard deviation, rounded once from the exact sums, so that the order does not matter."""
    std = statistics.stdev(values) if len(values) > 1 else None
    return Summary(statistics.fmean(values), std, len(values))


def subtract(value: float, base: float) -> float:
    """Return the difference of two numbers as they are printed: 0.3 - 0.1 is 0.2, and equal differences are equal."""
    return float(Decimal(repr(value)) - Decimal(repr(base)))


def compare(families: Sequence[Mapping[str, Sequence[float]]], count: int) -> list[dict[str, Difference]]:
    """Return the differences of families of arms.

    Args:
        families: for each, the paired differences of each arm, one for each seed; at least one.
        count: how many arms a family was planned to have: p is corrected for all of them, also for those without runs.

    Raises:
        YolopatchError: there is something to test, and scipy is not installed.
    """
    samples = [sorted(values) for family in families for values in family.values()]
    alone = sign_flip(samples)
    widths = _half_widths(samples)
    found, place = [], 0
    for family in families:
        end = place + len(family)
        corrected = holm(alone[place:end], count)
        parts = zip(family, samples[place:end], widths[place:end], alone[place:end], corrected)
        found.append({arm: _difference(values, width, p_alone, p) for arm, values, width, p_alone, p in parts})
        place = end
    return found


def _difference(values: Sequence[float], width: float | None, alone: float | None, p: float | None) -> Difference:
    mean = statistics.fmean(values)
    low, high = (None, None) if width is None else (mean - width, mean + width)
    return Difference(mean, low, high, p, alone, len(values))


def sign_flip(samples: Sequence[Sequence[float]]) -> list[float | None]:
    """Return the two-sided p of the sign-flip test of each sample of paired differences; None for a single one.

    If an arm does not differ from its baseline, each difference could as well have the other sign. p is the share of
    all choices of signs whose sum is at least as far from 0 as the one found (Fisher 1935, Pitman 1937). With up to
    MOST_EXACT differences all choices are tried, with more 65,536 random ones, always the same, and the one found
    counts as one more (Phipson and Smyth 2010).

    Raises:
        YolopatchError: scipy is not installed.
    """
    found: list[float | None] = [None] * len(samples)
    by_size: dict[int, list[int]] = {}
    for number, values in enumerate(samples):
        by_size.setdefault(len(values), []).append(number)
    for size, numbers in by_size.items():
        if size > 1:
            for number, p in zip(numbers, _sign_flip([_whole(samples[number]) for number in numbers])):
                found[number] = p
    return found


def _sign_flip(samples: Sequence[Sequence[float]]) -> list[float]:
    """Return the p of samples of one size."""
    result = require_scipy("stats").permutation_test(
        (samples,),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_FLIPS,
        batch=max(1, _NUMBERS // (len(samples) * len(samples[0]))),
        axis=-1,
        rng=0,
    )
    return [float(p) for p in result.pvalue]


def _whole(values: Sequence[float]) -> list[float]:
    """Return the values as whole numbers of their last decimal, so that equal sums are equal and count as equal.

    Values with so many decimals that their sums would not be exact stay as they are.
    """
    digits = [Decimal(repr(value)) for value in values]
    power = -min(int(one.as_tuple().exponent) for one in digits)
    whole = [int(one.scaleb(power)) for one in digits]
    return list(map(float, whole)) if sum(map(abs, whole)) < _WHOLE else list(values)


def _half_widths(samples: Sequence[Sequence[float]]) -> list[float | None]:
    """Return half of the t interval of each sample's mean (Student 1908), None for a single value."""
    quantiles = {
        size: float(require_scipy("special").stdtrit(size - 1, (1 + CONFIDENCE) / 2))
        for size in {len(values) for values in samples}
        if size > 1
    }
    return [
        quantiles[len(values)] * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
        for values in samples
    ]


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


def require_scipy(part: str) -> Any:
    """Return a part of scipy, which takes half a second to import.

    Raises:
        YolopatchError: it is not installed.
    """
    try:
        return importlib.import_module(f"scipy.{part}")
    except ImportError as error:
        raise YolopatchError(
            "the statistics of an ablation need scipy, and this Python cannot import it",
            details=[f"found: {error}"],
            hint='pip install "yolopatch[paper]"',
        ) from error
