"""The sign-flip test of paired differences (Fisher 1935, Pitman 1937), by counting.

scipy's `permutation_test` tries every choice of signs, one after the other, in float64: 16 differences take it 0.6 s,
and equal sums may differ in their last digit. Here the sums of two halves of the differences are counted against each
other (Horowitz and Sahni 1974), in whole numbers: 16 differences take 0.2 ms, and 24 a few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import repeat

MOST_EXACT = 24  # differences: of more, random choices of signs are tried
RANDOM = 65_535  # of them
_NUMBERS = 2**20  # that are held at once, 8 MiB


def sign_flip(differences: Sequence[float]) -> float:
    """Return the two-sided p of paired differences, of which there are two at least.

    If the two of each pair do not differ, every difference could as well have the other sign. p is the share of all
    choices of signs whose sum is at least as far from 0 as the one found.

    With up to MOST_EXACT differences all choices count, and p is exact. With more, RANDOM choices are made, always the
    same, and the one found counts as one more (Phipson and Smyth 2010); this needs numpy, which comes with scipy.
    """
    return _count(differences) if len(differences) <= MOST_EXACT else _try(sorted(differences))


def _count(differences: Sequence[float]) -> float:
    whole = _whole(differences)
    total, middle = sum(whole), len(whole) // 2
    if not total:
        return 1.0
    # A choice of signs has twice the sum of its values with a plus, less `total`: to be as far from 0, that takes this.
    least = max(total, 0)
    left, right = _sums(whole[:middle]), sorted(_sums(whole[middle:]))
    nearer = sum(map(bisect_left, repeat(right), [least - one for one in left]))
    return (len(left) * len(right) - nearer) / (1 << len(whole) - 1)  # as many are as far on the other side of 0


def _whole(values: Sequence[float]) -> list[int]:
    """Return the values as whole numbers of one unit: as printed, so that 0.1 and 0.2 are together as far as 0.3."""
    digits = [Decimal(repr(value)) for value in values]
    power = -min(int(one.as_tuple().exponent) for one in digits)
    return [int(one.scaleb(power)) for one in digits]


def _sums(values: Sequence[int]) -> list[int]:
    """Return the sum of the values with a plus, for all choices of signs."""
    sums = [0]
    for value in values:
        sums += [total + value for total in sums]
    return sums


def _try(differences: Sequence[float]) -> float:
    import numpy as np

    values = np.array(differences)
    found = abs(values.sum()) * (1 - 1e-12)  # sums that are equal differ in their last digits
    source, left, as_far = np.random.default_rng(0), RANDOM, 0
    while left:
        count = min(left, max(1, _NUMBERS // len(values)))
        signs = 2 * source.integers(0, 2, (count, len(values)), dtype=np.int8) - 1
        as_far += int((abs(signs @ values) >= found).sum())
        left -= count
    return (as_far + 1) / (RANDOM + 1)
