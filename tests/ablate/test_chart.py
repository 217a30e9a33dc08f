"""The figure of a grid's seeds: everything is in it, in its place, and said in words."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from yolopatch.core.ablate.chart import draw_chart
from yolopatch.core.figures.axis import Axis, fit

SVG = "{http://www.w3.org/2000/svg}"
BASE = (0.380, 0.384, 0.377, 0.381, 0.379, 0.386, 0.378, 0.382)
BETTER = (0.400, 0.415, 0.387, 0.401, 0.404, 0.402, 0.398, 0.392)


def groups(text):
    """The groups of the arms, by what a screen reader says of them."""
    return {group.find(f"{SVG}title").text: group for group in ET.fromstring(text).iter(f"{SVG}g")}


def test_every_run_and_every_difference_is_a_dot_inside_the_figure(table):
    text = draw_chart(table({"base": BASE, "A": BETTER}, scales=("n", "s")))
    width, height = (float(ET.fromstring(text).get(key)) for key in ("width", "height"))
    drawn = groups(text)
    dots = [len(list(group.iter(f"{SVG}circle"))) for group in drawn.values()]
    assert dots == [8, 16, 8, 16]
    for dot in ET.fromstring(text).iter(f"{SVG}circle"):
        assert 0 < float(dot.get("cx")) < width
        assert 0 < float(dot.get("cy")) < height
    (base, arm, *_) = drawn
    assert base == "base at scale n: mean 38.09 of 8 runs, baseline"
    assert arm == (
        "A at scale n: mean 39.99 of 8 runs, a difference of +1.90 points, from +1.31 to +2.49, better, p 0.0078"
    )
    assert drawn[arm].get("class") == "better"


def test_the_figure_is_said_in_words(table):
    root = ET.fromstring(draw_chart(table({"base": BASE, "A": BETTER})))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert root.find(f"{SVG}title").text == "mAP50-95 of 2 arms over seeds 0 to 7"
    assert "A at scale n: mean 39.99" in root.find(f"{SVG}desc").text
    assert "prefers-color-scheme: dark" in root.find(f"{SVG}style").text


@pytest.mark.parametrize("name", ["<b> & 'c'", "\x1b[31m", "卷积模块", "a" * 200])
def test_any_name_of_an_arm_can_be_drawn(name, table):
    root = ET.fromstring(draw_chart(table({"base": BASE, name: BETTER})))
    shown = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "name"]
    assert len(shown) == 2
    assert len(shown[1]) <= 32


@pytest.mark.parametrize(
    ("arms", "dots"),
    [
        ({"base": BASE}, 8),
        ({"base": BASE[:1], "A": BASE[:1]}, 3),
        ({"base": (None,) * 3, "A": BETTER[:3]}, 3),
        ({"base": BASE, "A": (None,) * 8}, 8),
        ({"base": BASE, "A": BASE}, 24),
        ({"base": (0.0, 0.1), "A": (1.0, 0.9)}, 6),
    ],
)
def test_grids_that_are_odd_are_drawn(arms, dots, table):
    assert draw_chart(table(arms)).count("<circle") == dots


def test_nothing_is_drawn_of_a_grid_without_a_run(table):
    assert draw_chart(table({"base": (None,), "A": (None,)})) is None


@pytest.mark.parametrize("values", [[0.38, 0.38004], [0.1, 0.9], [0.5], [-0.02, 0, 0.031], [0.0, 0.0]])
def test_an_axis_shows_every_value_with_round_numbers_and_no_noise_as_a_difference(values):
    axis = fit(values, 100, 300, 0.004)
    assert all(100 <= axis.at(value) <= 400 for value in values)
    assert axis.high - axis.low >= 0.004 - 1e-12
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 7
    assert all(axis.low <= tick <= axis.high for tick in ticks)
    decimals = axis.tick_decimals()
    assert len({f"{tick:.{decimals}f}" for tick in ticks}) == len(ticks)


def test_the_ticks_of_an_axis_are_round():
    assert Axis(0, 1, 0, 1).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert Axis(0.371, 0.412, 0, 1).ticks() == pytest.approx([0.38, 0.39, 0.4, 0.41])


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [0.0, 0.2], [0.001, 0.3]])
def test_an_axis_of_values_that_are_never_below_zero_begins_at_zero(values):
    axis = fit(values, 100, 300, 0.004)
    assert axis.low == 0
    assert axis.high - axis.low >= 0.004 - 1e-12
    assert fit([-0.1, *values], 100, 300, 0.004).low < -0.1
