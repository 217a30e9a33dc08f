"""The page and the plots of `compare`: complete, alone, and readable for everybody."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from yolopatch import __version__
from yolopatch.cli.compare.page import render_page
from yolopatch.core.compare import chart
from yolopatch.core.compare.chart import Axis, Bar, Line, Point, axis, standing_alone
from yolopatch.core.compare.plots import thousands

from ..pages import read, words

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert(1)</script>\" ' & \x1b[31m\u202e\ud800"


def test_the_page_shows_the_table_the_plots_and_how_they_were_measured(found, nasty):
    page = render_page(found, "yolopatch compare a.yaml")
    text = words(page)
    for told in ("3 models compared", "base", nasty, "2.500", "10.00 9.90 to 10.10", "0.500", "A CPU, 2 threads"):
        assert told in text
    for told in ("Parameters and mAP50-95", "Latency and mAP50-95", "Loss: box_loss, training", "FlopCounterMode"):
        assert told in text
    assert "of the epoch with the highest mAP50-95: base 2 of 3, other 2 of 3" in text
    assert text.endswith(f"Command to make this page again yolopatch compare a.yaml yolopatch compare {__version__}")
    figures = list(read(page).iter("figure"))
    assert len(figures) == 6
    for figure in figures:
        assert figure.find("figcaption").text.endswith(".")
        assert len(figure.find("svg").get("aria-label")) > 40


def test_the_page_needs_no_other_file_and_is_accessible(found):
    page = render_page(found, "x")
    root = read(page)
    assert not {one.tag for one in root.iter()} & {"link", "img", "iframe", "object", "image"}
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page
    assert root.get("lang") == "en"
    assert len(list(root.iter("h1"))) == 1
    assert all(head.get("scope") for head in root.iter("th"))
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert {one.get("aria-labelledby") for one in root.iter("section")} <= set(ids)


def test_a_name_never_becomes_markup(found):
    tags = sorted(one.tag for one in read(render_page(found, "x")).iter())
    rows = (*found.rows[:2], replace(found.rows[2], name=EVIL))
    (process,) = found.method.processes
    method = replace(found.method, processes=(replace(process, models=tuple(row.name for row in rows)),))
    evil = replace(found, rows=rows, method=method)
    page = render_page(evil, EVIL)
    assert sorted(one.tag for one in read(page).iter()) == tags
    page.encode()
    for plot in evil.plots:
        standing_alone(plot.svg).encode()


def test_without_a_run_the_page_says_what_it_lacks(found):
    bare = replace(found, rows=tuple(replace(row, metrics=None, curves=None) for row in found.rows))
    assert {plot.file for plot in bare.plots} == {"plot-layer-parameters.svg", "plot-layer-gflops.svg"}
    assert "No model here has an mAP." in words(render_page(bare, "x"))


def test_each_plot_is_a_file_of_its_own(found):
    assert len({plot.file for plot in found.plots}) == len(found.plots)
    for plot in found.plots:
        root = ET.fromstring(standing_alone(plot.svg))
        assert root.tag == f"{SVG}svg"
        assert "--s0: #" in root.find(f"{SVG}style").text


def test_a_layer_with_nothing_in_any_model_has_no_bars(found):
    parameters = next(plot.svg for plot in found.plots if plot.file == "plot-layer-parameters.svg")
    assert re.findall(r'class="name"[^>]*>([^<]*)<', parameters) == ["0 Conv", "2 Detect"]


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [5, 5.0001], [-3, 1e9], [1e-9, 2e-9]])
def test_every_range_has_ticks_inside_of_it(values):
    shown = axis(values, "x")
    drawn = chart.points([Point(1, values[0], values[0])], shown, shown, "alt")
    places = [float(x) for x in re.findall(r'class="middle" x="([\d.-]+)" y="222"', drawn)]
    assert 2 <= len(places) <= 8
    assert places == sorted(set(places))
    assert 50 <= places[0] <= places[-1] <= 336


def test_numbers_of_points_in_one_place_do_not_cover_each_other():
    shown = Axis(0, 1, "x")
    drawn = chart.points([Point(n, 0.5, 0.5) for n in range(1, 6)], shown, shown, "alt")
    places = re.findall(r'class="key middle" x="([\d.]+)" y="([\d.]+)"', drawn)
    assert len(places) == len(set(places)) == 5


def test_a_value_that_is_not_finite_leaves_a_gap():
    nan = float("nan")
    drawn = chart.lines([Line(1, [(1, 1), (2, 2), (3, nan), (4, 1)])], Axis(1, 4, "x"), Axis(0, 3, "y"), "alt")
    assert drawn.count('class="series"') == 2
    assert "nan" not in drawn


def test_bars_of_models_without_anything_are_drawn():
    drawn = chart.bars([("0 Conv", [Bar(1, None, "no such layer"), Bar(2, 0.0, "0")])], 0.0, "alt")
    assert drawn.count('width="0.0"') == 2
    assert "no such layer" in drawn


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (464, "464"), (999, "999"), (1000, "1k"), (16_640, "16.6k"), (999_999, "1M"), (1_250_000, "1.25M")],
)
def test_a_count_is_written_in_a_few_letters(count, text):
    assert thousands(count) == text


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.0, 0.5), (0.01, 0.9)])
def test_no_axis_shows_a_map_below_zero(values):
    shown = axis(values, "mAP50-95")
    assert shown.low >= 0
    assert shown.low <= min(values) <= max(values) < shown.high


def test_a_loss_below_zero_is_shown():
    assert axis((-1.0, 1.0), "loss").low < -1
