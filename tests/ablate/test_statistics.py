"""The statistics of a grid, against textbooks, counting by hand and what must hold for any numbers."""

from __future__ import annotations

import importlib
import math
import statistics
import sys
import time
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yolopatch.core.ablate.sign_flip import MOST_EXACT, RANDOM, sign_flip
from yolopatch.core.ablate.statistics import (
    ALPHA,
    compare,
    holm,
    require_scipy,
    seeds_needed,
    subtract,
    summarize,
)
from yolopatch.errors import EXIT_ACT, YolopatchError

# Darwin's maize: 15 pairs of cross- and self-fertilised plants, in eighths of an inch. Fisher, The Design of
# Experiments (1935), chapter III: t = 2.148 with 14 degrees of freedom, and 1,726 of the 32,768 choices of signs have a
# sum of at least the 314 that was found, in either direction.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)

DIGITS = st.integers(-99_999, 99_999).map(lambda number: number / 1e5)  # as upstream writes metrics
FEW = settings(max_examples=40, deadline=None)


def by_hand(values):
    """Count the choices of signs in exact fractions."""
    exact = [Fraction(repr(value)) for value in values]
    found = abs(sum(exact))
    sums = [abs(sum(sign * one for sign, one in zip(signs, exact))) for signs in product((1, -1), repeat=len(exact))]
    return sum(one >= found for one in sums) / len(sums)


def test_darwins_maize_comes_out_as_fisher_has_it():
    difference = compare({"crossed": MAIZE}, 1)["crossed"]
    error = statistics.stdev(MAIZE) / math.sqrt(15)
    width = 2.14479 * error  # the quantile, as printed in tables of t
    assert difference.p == pytest.approx(1726 / 32768)
    assert difference.mean == pytest.approx(314 / 15)
    assert difference.mean / error == pytest.approx(2.148, abs=5e-4)
    assert (difference.low, difference.high) == pytest.approx((314 / 15 - width, 314 / 15 + width), abs=1e-3)
    assert difference.seeds == 15


@pytest.mark.parametrize(
    ("seeds", "quantile"), [(2, 12.7062), (3, 4.3027), (6, 2.5706), (8, 2.3646), (10, 2.2622), (13, 2.1788)]
)
def test_the_interval_is_as_wide_as_tables_of_t_say(seeds, quantile):
    values = [0.01 * (number % 2) for number in range(seeds)]
    difference = compare({"A": values}, 1)["A"]
    half = quantile * statistics.stdev(values) / math.sqrt(seeds)
    assert (difference.high - difference.low) / 2 == pytest.approx(half, rel=5e-5)


@FEW
@given(st.lists(DIGITS, min_size=2, max_size=9))
@example([0.1, 0.2, -0.3])  # 0.1 + 0.2 is not 0.3 in float64: as floats, this sum would not be 0
@example([0.1, 0.2, 0.3, -0.3, 0.6])
@example([0.00001, 0.00001, 0.30000, -0.30001])
@example([0.0, 0.0, 0.0])
@example([1e-9, 0.5])
@example([0.1234567890123456, 0.9876543210987654, 0.5])  # too many digits for whole numbers
def test_the_test_counts_every_choice_of_signs(values):
    assert sign_flip(values) == by_hand(values)


@pytest.mark.parametrize("seeds", range(2, 11))
def test_no_p_is_smaller_than_two_of_all_choices(seeds):
    assert sign_flip([0.01] * seeds) == 2 / 2**seeds


@FEW
@given(st.lists(DIGITS, min_size=2, max_size=9))
def test_scipy_agrees(values):
    scipy = importlib.import_module("scipy.stats").permutation_test(
        (values,), lambda x, axis: x.sum(axis=axis), permutation_type="samples", n_resamples=2**9, vectorized=True
    )
    # equal sums that scipy takes for different: they differ in their last digits, and stand on both sides
    near = sum(abs(abs(total) - abs(sum(values))) < 1e-12 for total in _sums(values)) / 2 ** len(values)
    assert abs(sign_flip(values) - scipy.pvalue) <= near


def _sums(values):
    return [sum(sign * one for sign, one in zip(signs, values)) for signs in product((1, -1), repeat=len(values))]


def test_more_seeds_than_can_be_counted_are_tried_at_random_and_always_the_same():
    values = [0.01, -0.02, 0.03, 0.015, -0.005, 0.002] * 5
    assert len(values) > MOST_EXACT
    found, again = (sign_flip(one) for one in (values, values[::-1]))
    assert found == again
    # the exact p, by counting sums instead of choices
    ways = {0: 1}
    for value in (round(value * 1000) for value in values):
        sums: dict[int, int] = {}
        for total, count in ways.items():
            for other in (total + value, total - value):
                sums[other] = sums.get(other, 0) + count
        ways = sums
    exact = sum(count for total, count in ways.items() if abs(total) >= round(sum(values) * 1000)) / 2 ** len(values)
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact / RANDOM))
    assert sign_flip([0.01] * 2000) == 1 / (RANDOM + 1)  # never 0


def test_as_many_seeds_as_are_counted_are_counted_in_a_moment():
    values = [round(0.001 + 0.01 * math.sin(7 * number), 5) for number in range(MOST_EXACT)]
    start = time.perf_counter()
    assert 0 < sign_flip(values) < 1
    assert time.perf_counter() - start < 1  # trying 16,777,216 choices takes minutes


@FEW
@given(st.lists(st.tuples(DIGITS, DIGITS), min_size=2, max_size=8), DIGITS, st.randoms(use_true_random=False))
def test_what_must_not_matter_does_not(pairs, shift, random):
    def difference(pairs):
        return compare({"A": [subtract(own, base) for own, base in pairs]}, 1)["A"]

    found = difference(pairs)
    assert difference(random.sample(pairs, len(pairs))) == found  # the order of seeds
    moved = difference([(round(own + shift, 5), round(base + shift, 5)) for own, base in pairs])
    assert moved == found  # both models better by the same
    swapped = difference([(base, own) for own, base in pairs])
    assert (swapped.mean, swapped.low, swapped.high, swapped.p) == pytest.approx(
        (-found.mean, -found.high, -found.low, found.p)
    )


@FEW
@given(st.lists(DIGITS, min_size=1, max_size=30))
def test_mean_and_deviation_are_those_of_the_exact_numbers(values):
    summary = summarize(values)
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    assert (summary.mean, summary.count) == (pytest.approx(float(mean)), len(values))
    if len(values) == 1:
        assert summary.std is None
    else:
        variance = sum((one - mean) ** 2 for one in exact) / (len(exact) - 1)
        assert summary.std == pytest.approx(math.sqrt(variance))


def test_differences_are_those_of_the_printed_numbers():
    assert 0.3 - 0.1 != 0.2
    assert subtract(0.3, 0.1) == 0.2
    assert subtract(0.3, 0.1) == subtract(0.5, 0.3) == -subtract(0.1, 0.3)


@pytest.mark.parametrize(
    ("alone", "count", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.005], 4, [0.03, 0.06, 0.06, 0.02]),  # R: p.adjust(c(.01,.04,.03,.005), "holm")
        ([0.03125], 1, [0.03125]),
        ([0.5, 0.9], 2, [1, 1]),
        ([0.02, 0.02], 2, [0.04, 0.04]),
        ([None, 0.01], 2, [None, 0.02]),  # an arm without a p is an arm
        ([0.01, None, None], 3, [0.03, None, None]),
        ([], 0, []),
    ],
)
def test_holm_corrects_for_every_arm_that_was_planned(alone, count, corrected):
    assert holm(alone, count) == [None if p is None else pytest.approx(p) for p in corrected]


@FEW
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_an_arm_that_comes_later_makes_no_corrected_p_larger(alone, later):
    before = holm([*alone, None], len(alone) + 1)[:-1]
    after = holm([*alone, later], len(alone) + 1)[:-1]
    assert all(new <= old for new, old in zip(after, before))


@pytest.mark.parametrize(("arms", "seeds"), [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (7, 9), (12, 9), (100, 12)])
def test_the_seeds_that_are_needed_are_the_fewest_with_which_a_difference_can_be_told(arms, seeds):
    assert seeds_needed(arms) == seeds
    assert arms * 2 / 2**seeds <= ALPHA < arms * 2 / 2 ** (seeds - 1)


def test_without_scipy_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(YolopatchError) as caught:
        require_scipy()
    assert caught.value.hint == 'pip install "yolopatch[paper]"'
    assert caught.value.exit_code == EXIT_ACT
    assert compare({"A": [0.01]}, 1)["A"].p is None  # nothing to test: nothing is missing
