"""Which values of a column are marked: none that cannot be told from those beside it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from yolopatch.core.ablate.sign_flip import sign_flip
from yolopatch.core.ablate.statistics import ALPHA, subtract
from yolopatch.core.ablate.verdicts import BASELINE, BETTER, WORSE
from yolopatch.core.tables.marks import BEST, SECOND

Values = Mapping[str, Mapping[int, float]]
"""A metric of every arm of a scale, by arm and seed."""


def find_leaders(values: Values, verdicts: Mapping[str, str]) -> dict[str, int]:
    """Return the marks of the arms of one scale that have one.

    BEST is the arm with the highest mean of those that are better than the baseline, and each of these that cannot be
    told from it; SECOND the same of the rest. The baseline is BEST where every arm is worse.
    """
    others = {arm: verdict for arm, verdict in verdicts.items() if verdict != BASELINE}
    if others and set(others.values()) == {WORSE}:
        return {arm: BEST for arm in verdicts if arm not in others}
    better = [arm for arm, verdict in others.items() if verdict == BETTER]
    better.sort(key=lambda arm: statistics.fmean(values[arm].values()), reverse=True)
    best = _like_the_first(better, values, better)
    second = _like_the_first([arm for arm in better if arm not in best], values, better)
    return {**dict.fromkeys(second, SECOND), **dict.fromkeys(best, BEST)}


def _like_the_first(arms: Sequence[str], values: Values, family: Sequence[str]) -> list[str]:
    """Return the first arm and those that cannot be told from it, by a test corrected for all pairs of the family.

    The pairs that are tested were chosen by their means, so that each counts as one of all (Bonferroni).
    """
    pairs = len(family) * (len(family) - 1) // 2
    return [arm for arm in arms if arm == arms[0] or pairs * _p(values[arms[0]], values[arm]) > ALPHA]


def _p(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Return the p of two arms over the seeds that both have; 1 where these are too few for a test."""
    differences = [subtract(value, other[seed]) for seed, value in one.items() if seed in other]
    return sign_flip(differences) if len(differences) > 1 else 1.0
