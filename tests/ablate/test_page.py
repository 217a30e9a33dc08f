"""The page of a grid: complete, alone, and readable for everybody."""

from __future__ import annotations

import json
import re

import pytest

from yolopatch import __version__
from yolopatch.core.ablate.page.content import MOST_DRAWN, MOST_LISTED, make_page
from yolopatch.core.ablate.results import FAILED, PENDING
from yolopatch.outside.page.page import render_template

from ..grids import grid_text
from ..pages import read, words

BASE = (0.380, 0.384, 0.377, 0.381, 0.379, 0.386, 0.378, 0.382)
BETTER = (0.400, 0.415, 0.387, 0.401, 0.404, 0.402, 0.398, 0.392)
WORSE = (0.360, 0.363, 0.355, 0.358, 0.354, 0.361, 0.352, 0.356)
LESS = "\N{MINUS SIGN}"
EVIL = "<script>alert(1)</script>\" ' & \x1b[31m\u202e\ud800"


def rendered(table, *differences: str) -> str:
    return render_template("ablate.html.j2", page=make_page(table, differences, "yolopatch ablate grid --table"))


def cells(page: str, part: str) -> dict[str, list[str]]:
    """The cells of a table of the page, by the head of their row."""
    (found,) = [one for one in read(page).iter("table") if one.get("aria-label") == part]
    return {
        " ".join("".join(row.find("th").itertext()).split()): [
            "".join(cell.itertext()).strip() for cell in row.iter("td")
        ]
        for row in found.find("tbody")
    }


def test_the_page_has_the_table_its_notes_every_seed_and_the_runs(table, run):
    why = "torch.OutOfMemoryError: CUDA out of memory"
    made = table({"base": BASE, "up": BETTER, "down": (*WORSE, None)}, run("base", 8, 0.1, status=FAILED, why=why))
    page = rendered(made, "the runs differ in the environment's torch: 1 in a; 2 in b")
    text = words(page)
    assert text.startswith("3 arms at scale n over 9 seeds yolopatch ablate 3 arms at scale n over 9 seeds")
    assert "pin ultralytics-8.3.0 data shapes.yaml baseline base seeds 0 to 8 runs 24 of 27 done, 1 failed" in text
    assert cells(page, "mAP over the seeds")["up n"] == ["8/9", "49.99 ± 0.83", "39.99 ± 0.83"]
    assert cells(page, "Difference to base in mAP50-95")["down n"][:2] == [
        "\N{MINUS SIGN}2.35",
        "[\N{MINUS SIGN}2.54, \N{MINUS SIGN}2.16]",
    ]
    assert cells(page, "Size and speed")["base n"] == ["2.624", "6.50", "4.25", "235.3"]
    assert f"Failed: base at scale n, seed 8: {why}." in text
    assert "the runs differ in the environment's torch" in text
    listed = cells(page, "The runs")
    assert listed["base-n-8"] == [f"failed {why}", "-", "12 s", "here"]
    assert listed["up-n-1"] == ["done", "41.50", "12 s", "here"]
    assert "mean and sample standard deviation" in text
    assert text.endswith(f"page again yolopatch ablate grid --table yolopatch ablate {__version__}")


def test_what_is_better_is_told_by_words_and_a_sign_and_not_by_colour_alone(table):
    page = rendered(table({"base": BASE, "up": BETTER, "down": WORSE}))
    verdicts = {name: found[-1] for name, found in cells(page, "Difference to base in mAP50-95").items()}
    assert verdicts == {"up n": "better", "down n": "worse"}
    assert "#icon-pass" in page
    assert "#icon-fail" in page
    marked = [one for one in read(page).iter("td") if "best" in one.get("class", "").split()]
    assert ["".join(one.itertext()) for one in marked] == ["49.99 ± 0.83", "39.99 ± 0.83"]
    assert "Bold: the highest mean" in words(page)
    assert "Bold" not in words(rendered(table({"base": BASE, "like": BASE[::-1]})))


def test_every_seed_is_a_dot_and_every_arm_is_said_in_words(table):
    page = rendered(table({"base": BASE, "up": BETTER}, scales=("n", "s")))
    figures = list(read(page).iter("figure"))
    assert [figure.find("h3").text for figure in figures] == [
        *("mAP50-95 of every seed, scale n", "Difference to base, scale n"),
        *("mAP50-95 of every seed, scale s", "Difference to base, scale s"),
    ]
    assert [len(list(figure.iter("circle"))) for figure in figures] == [16, 8, 16, 8]
    pieces = [piece for figure in figures for piece in figure.findall("svg")]
    spoken = [piece.get("aria-label") for piece in pieces if piece.get("role") == "img"]
    assert (
        spoken[2]
        == "up at scale n: mean 39.99 of 8 runs, a difference of +1.90 points, from +1.31 to +2.49, better, p 0.0078"
    )
    for piece in pieces:
        width, height = map(float, piece.get("viewBox").split()[2:])
        assert width == 360  # a telephone shows its letters at their size
        for dot in piece.iter("circle"):
            assert 0 < float(dot.get("cx")) < width
            assert 0 < float(dot.get("cy")) < height


@pytest.mark.parametrize("arms", [{"base": BASE, "up": BETTER}, {"base": (0.0, 0.0), "up": (0.0, 0.0)}])
def test_no_number_below_an_axis_is_cut(arms, table):
    ticks = [one for one in read(rendered(table(arms))).iter("text") if one.get("class") == "middle"]
    assert len(ticks) >= 6
    for tick in ticks:
        half = 3.5 * len(tick.text)
        assert half <= float(tick.get("x")) <= 360 - half


def test_the_page_needs_no_other_file_and_is_accessible(table, run):
    page = rendered(table({"base": BASE, "up": BETTER}, run("up", 8, 0.1, status=FAILED, why="why")))
    root = read(page)
    assert not {one.tag for one in root.iter()} & {"link", "img", "iframe", "object", "image"}
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page
    assert root.get("lang") == "en"
    assert len(list(root.iter("h1"))) == 1
    assert all(head.get("scope") for head in root.iter("th"))
    assert all(cell.get("data-name") for cell in root.iter("td"))  # a telephone shows it before the cell
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert {one.get("aria-labelledby") for one in root.iter("section")} <= set(ids)


def test_a_name_and_a_reason_never_become_markup(table, run):
    plain = table({"base": BASE, "arm": BETTER}, run("arm", 8, 0.1, status=FAILED, why="why"))
    evil = table({"base": BASE, EVIL: BETTER}, run(EVIL, 8, 0.1, status=FAILED, why=EVIL))
    page = rendered(evil, EVIL)
    assert sorted(one.tag for one in read(page).iter()) == sorted(one.tag for one in read(rendered(plain, "x")).iter())
    page.encode()


@pytest.mark.parametrize(
    "arms", [{"base": BASE}, {"base": (0.4,)}, {"base": (None,), "A": (0.1,)}, {"卷积": (0.4, 0.5)}]
)
def test_grids_that_are_odd_have_a_page(arms, table):
    assert "The runs" in words(rendered(table(arms)))


def test_a_grid_without_a_run_says_so(table, run):
    page = rendered(table({"base": (None,), "A": (None,)}, run("base", 0, 0.1, status=PENDING)))
    assert "No run is done." in words(page)
    assert list(read(page).iter("figure")) == []


def test_a_page_of_very_many_runs_stays_small_and_names_the_files_that_have_all(table, run):
    arms = {f"arm {number}": (0.4, 0.41, 0.42, 0.43, 0.44) for number in range(MOST_DRAWN + 1)}
    failed = run("arm 1", 5, 0.1, status=FAILED, why="no room")
    page = rendered(table(arms, failed))
    count = len(arms) * 5 + 1
    assert count > MOST_LISTED
    assert f"runs.csv beside this page has all {count}. Here are those that failed." in words(page)
    assert list(cells(page, "The runs")) == ["arm 1-n-5"]
    assert f"chart.svg beside this page has every seed of these {len(arms)} arms and scales." in words(page)
    assert len(cells(page, "mAP over the seeds")) == len(arms)
    assert "None has failed." in words(rendered(table({**arms, "arm 1": (0.4, 0.41, 0.42, 0.43, 0.44)})))


def test_the_json_names_the_page_and_it_lies_beside_the_table(yolopatch, tmp_path):
    (tmp_path / "grid.toml").write_text(grid_text(compat=False), "utf-8")
    found = json.loads(yolopatch("ablate", tmp_path, "--table", "--json").out)
    assert str(tmp_path / "ablation.html") in found["files"]
    text = words((tmp_path / "ablation.html").read_text("utf-8"))
    assert "No run is done." in text
    assert f"yolopatch ablate {tmp_path} --table" in text
