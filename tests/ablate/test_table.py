"""The table of a grid: what it says of arms, what it does not say, and its files."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from click import unstyle

from yolopatch.cli.ablate.words import grid
from yolopatch.core.ablate.files import write_csv, write_latex, write_markdown, write_runs_csv
from yolopatch.core.ablate.notes import describe, facts, seeds_text
from yolopatch.core.ablate.results import FAILED, LAST
from yolopatch.core.ablate.sign_flip import MOST_EXACT
from yolopatch.core.tables.marks import BEST, SECOND, UNMARKED

NASTY = r"100%_A&B #1 {x} \y ~z^2 <a|b> $5 `--` [1]"

# mAP50-95 of eight seeds; no two of an arm are equal
BASE = (0.380, 0.384, 0.377, 0.381, 0.379, 0.386, 0.378, 0.382)
BETTER = (0.400, 0.415, 0.387, 0.401, 0.404, 0.402, 0.398, 0.392)
BEST_OF_ALL = (0.430, 0.436, 0.429, 0.434, 0.433, 0.441, 0.435, 0.440)
WORSE = (0.360, 0.363, 0.355, 0.358, 0.354, 0.361, 0.352, 0.356)
SAME = (0.400, 0.364, 0.387, 0.371, 0.409, 0.356, 0.379, 0.383)


def only(table, arm, scale="n"):
    """The row of an arm."""
    return next(row for row in table.rows if (row.arm, row.scale) == (arm, scale))


def said(table):
    """What the table says of its runs, in one text."""
    return "\n".join(facts(table))


def test_arms_stand_beside_their_baseline_at_each_scale(table):
    made = table({"base": BASE, "up": BETTER, "down": WORSE, "like": SAME}, scales=("n", "s"))
    assert [(row.arm, row.scale) for row in made.rows] == [
        (arm, scale) for scale in ("n", "s") for arm in ("base", "up", "down", "like")
    ]
    verdicts = ["baseline", "better", "worse", "not distinguishable"]
    assert [row.verdict for row in made.rows] == verdicts * 2
    assert said(made) == ""
    row = only(made, "up")
    assert (row.done, row.wanted, row.why) == (8, 8, "")
    assert row.map50_95.summary.mean == pytest.approx(sum(BETTER) / 8)
    difference = row.map50_95.difference
    assert difference.mean == pytest.approx(0.019)
    assert difference.low < 0.019 < difference.high
    assert (difference.p_alone, difference.p) == (2 / 256, 3 * 2 / 256)  # the smallest of three arms
    assert only(made, "base").map50_95.difference is None


def test_six_seeds_are_enough_for_one_arm_and_no_more(table):
    assert only(table({"base": BASE[:6], "A": BETTER[:6]}), "A").verdict == "better"
    two = table({"base": BASE[:6], "A": BETTER[:6], "B": SAME[:6]})
    row = only(two, "A")
    assert row.map50_95.difference.p == 0.0625
    assert row.verdict == "too few seeds"
    assert row.why == "it has 6 seeds in common with the baseline, and 7 are needed for 2 arms"
    assert "No verdict for A at scale n, B at scale n: it has 6 seeds in common" in said(two)
    assert "With 2 arms this takes 7 seeds" in " ".join(describe(two))


@pytest.mark.parametrize("seeds", range(1, 6))
def test_five_seeds_are_too_few_however_clear_the_difference_looks(seeds, table):
    row = only(table({"base": BASE[:seeds], "A": BEST_OF_ALL[:seeds]}), "A")
    assert row.verdict == "too few seeds"
    assert row.map50_95.difference.mean > 0.04
    assert row.map50_95.mark == UNMARKED


def test_a_single_seed_has_neither_deviation_nor_interval_nor_p(table):
    made = table({"base": BASE[:1], "A": BETTER[:1]})
    data = only(made, "A").data()
    assert data["mAP50-95"] == {"mean": BETTER[0], "std": None}
    assert data["difference"] == {"mean": 0.02, "low": None, "high": None, "p": None, "p_alone": None, "seeds": 1}
    assert data["verdict"] == "too few seeds"
    assert "40.00 | +2.00 | - | too few seeds |" in write_markdown(made)


def test_runs_that_the_seed_did_not_change_are_reported_and_averaged_once(table):
    arm = (0.4, 0.4, *BETTER[2:])
    made = table({"base": BASE, "A": arm})
    assert "Equal: A at scale n, seeds 0 and 1 gave equal metrics to the last digit" in said(made)
    row = only(made, "A")
    assert (row.done, row.map50_95.summary.count) == (8, 7)
    assert row.map50_95.summary.mean == pytest.approx(sum(arm[1:]) / 7)
    assert (row.verdict, row.map50_95.difference) == ("too few seeds", None)
    assert row.why == "runs of it gave equal metrics"


def test_equal_runs_of_the_baseline_leave_every_arm_of_the_scale_without_a_verdict(table):
    made = table({"base": (0.38,) * 8, "A": BETTER, "B": WORSE})
    assert "base at scale n, seeds 0 to 7 gave equal metrics" in said(made)
    assert (only(made, "base").map50_95.summary.count, only(made, "base").map50_95.summary.std) == (1, None)
    assert [only(made, arm).verdict for arm in "AB"] == ["too few seeds"] * 2
    assert "No verdict for A at scale n, B at scale n: runs of the baseline gave equal metrics." in said(made)


def test_one_equal_metric_is_no_equal_run(table, run):
    other = run("A", 1, BETTER[0])
    other = replace(other, best=replace(other.best, recall=0.61))
    made = table({"base": BASE, "A": (*BETTER[:1], None, *BETTER[2:])}, other)
    assert said(made) == ""
    assert only(made, "A").verdict == "better"


def test_a_model_that_finds_nothing_is_worse_and_its_zeros_are_no_sign_of_idle_seeds(table, run):
    dead = [run("dead", seed, 0.0) for seed in range(8)]
    dead = [replace(one, best=replace(one.best, precision=0.0, recall=0.0, map50=0.0)) for one in dead]
    made = table({"base": BASE, "dead": (None,) * 8}, *dead)
    row = only(made, "dead")
    assert (row.verdict, row.map50_95.summary.std) == ("worse", 0)
    assert said(made) == "Nothing found: dead at scale n, seeds 0 to 7: every metric is 0."


def test_an_arm_with_the_metrics_of_its_baseline_is_reported(table):
    made = table({"base": BASE, "A": BASE})
    row = only(made, "A")
    assert (row.verdict, row.map50_95.difference.p, row.map50_95.difference.mean) == ("not distinguishable", 1, 0)
    assert (row.map50_95.difference.low, row.map50_95.difference.high) == (0, 0)
    assert said(made).startswith("Same as base: A at scale n, seeds 0 to 7: its metrics are the baseline's")


def test_a_failed_run_is_missing_with_its_reason(table, run):
    reason = "CUDA out of memory.\nTried to allocate 2.00 GiB"
    made = table(
        {"base": BASE, "A": (None, None, *BETTER[2:])},
        run("A", 0, 0, status=FAILED, why=reason),
        run("A", 1, 0, status=FAILED, why=reason),
    )
    row = only(made, "A")
    assert (row.done, row.wanted, row.map50_95.difference.seeds, row.verdict) == (6, 8, 6, "better")
    assert f"Failed: A at scale n, seeds 0 and 1: {reason}." in said(made)
    assert "the arm is worse than the table says" in said(made)
    one_line = "Failed: A at scale n, seeds 0 and 1: CUDA out of memory. Tried to allocate 2.00 GiB."
    assert one_line in write_markdown(made)
    assert one_line in write_latex(made)
    assert one_line in " ".join(" ".join(map(unstyle, grid(made, ()))).split())


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("metric", ["precision", "recall", "map50", "map50_95"])
def test_a_metric_that_is_no_number_is_left_out_and_reported(odd, metric, table, run):
    broken = run("A", 3, BETTER[3])
    broken = replace(broken, best=replace(broken.best, **{metric: odd}))
    made = table({"base": BASE, "A": BETTER}, broken)
    row = only(made, "A")
    assert (row.done, row.map50_95.summary.count, row.verdict) == (8, 7, "better")
    assert "No numbers: A at scale n, seed 3: done, but without finite metrics." in said(made)
    text = json.dumps([row.data() for row in made.rows] + [one.data("best") for one in made.results], allow_nan=False)
    assert "NaN" not in text


def test_a_run_that_is_done_without_the_chosen_checkpoint_is_reported(table, run):
    made = table({"base": BASE, "A": BETTER}, replace(run("A", 0, 0.4), best=None))
    assert "No numbers: A at scale n, seed 0" in said(made)
    assert next(one for one in made.results if one.id == "A-n-0").data("best")["metrics"] is None


@pytest.mark.parametrize(
    ("arms", "why"),
    [
        ({"base": BASE, "A": (None,) * 8}, "it has no finished run"),
        ({"base": (None,) * 8, "A": BETTER}, "the baseline has no finished run"),
        ({"base": BASE, "A": (*BETTER[:7], None)}, "1 seed of it or of the baseline is still to run"),
        ({"base": (*BASE[:6], None, None), "A": BETTER}, "2 seeds of it or of the baseline are still to run"),
        ({"base": (*BASE[:4], *(None,) * 4), "A": (*(None,) * 4, *BETTER[4:])}, "8 seeds of it or of the baseline"),
    ],
)
def test_a_table_that_is_not_complete_judges_nothing(arms, why, table):
    made = table(arms)
    row = only(made, "A")
    assert row.verdict == "too few seeds"
    assert row.why.startswith(why)
    assert f"No verdict for A at scale n: {why}" in said(made)
    assert re.search(r"Still to run: \d+ of 16 runs\.", said(made))
    for line in grid(made, ()):
        assert len(unstyle(line)) <= 80


def test_a_scale_without_its_baseline_does_not_stop_the_others(table, run):
    lost = [run("base", seed, 0, scale="s", status=FAILED, why="a full disk") for seed in range(8)]
    made = table({"base": BASE, "A": BETTER}, *lost, scales=("n", "s"))
    assert [row.verdict for row in made.rows] == ["baseline", "better", "baseline", "too few seeds"]
    assert only(made, "A", "s").why == "the baseline has no finished run"
    assert only(made, "base", "s").map50_95.summary is None
    assert "No verdict for A at scale s: the baseline has no finished run." in said(made)


def test_a_grid_that_has_not_begun_and_one_of_a_baseline_alone_have_tables(table):
    empty = table({"base": (None, None), "A": (None, None)})
    assert [row.done for row in empty.rows] == [0, 0]
    alone = table({"base": BASE})
    assert [row.verdict for row in alone.rows] == ["baseline"]
    for made in (empty, alone):
        assert write_markdown(made)
        assert write_latex(made)
        assert len(write_csv(made).splitlines()) == 1 + len(made.rows)
        assert list(grid(made, ()))


def test_results_of_arms_that_the_plan_has_not_are_left_out_and_their_order_does_not_matter(table, run):
    made = table({"base": BASE, "A": BETTER}, run("old", 0, 0.9), run("A", 99, 0.9))
    assert [row.data() for row in made.rows] == [row.data() for row in table({"base": BASE, "A": BETTER}).rows]


def test_the_other_checkpoint_gives_another_table_and_says_so(table, conditions):
    made = table({"base": BASE, "A": BETTER}, conditions=replace(conditions, choice=LAST))
    assert only(made, "A").map50_95.summary.mean == pytest.approx(sum(BETTER) / 8 - 0.01)
    assert "last.pt, after the last epoch" in describe(made)[0]
    assert "best.pt: upstream keeps the epoch" in describe(table({"base": BASE}))[0]
    run = next(one for one in made.results if one.id == "A-n-0")
    assert [run.data(choice)["metrics"]["mAP50-95"] for choice in ("best", "last")] == [0.4, 0.39]


@pytest.mark.parametrize(
    ("patch", "text"),
    [(True, "The seed patch is in every workspace"), (False, "all seeds see the same batches"), (None, "as they are")],
)
def test_every_table_names_what_the_seeds_reach(patch, text, table, conditions):
    made = table({"base": BASE, "A": BETTER}, conditions=replace(conditions, seed_patch=patch))
    for form in (write_markdown(made), write_latex(made)):
        assert text in form


def test_of_a_pin_of_the_users_own_it_is_not_said_what_its_loaders_do(table, conditions):
    given = replace(conditions, seed_patch=False, loaders_known=False)
    (said,) = [note for note in describe(table({"base": [0.1, 0.2]}, conditions=given)) if "seed patch" in note]
    assert "it is not known whether the seed reaches" in said
    assert "all seeds see the same batches" not in said


def test_many_seeds_are_tested_at_random_and_the_table_says_so(table):
    seeds = MOST_EXACT + 1
    made = table({"base": [0.3 + n / 1000 for n in range(seeds)], "A": [0.32 + n / 900 for n in range(seeds)]})
    assert only(made, "A").verdict == "better"
    assert "65,535 random choices of signs" in " ".join(describe(made))
    assert "exact" not in " ".join(describe(made))


def test_the_best_is_bold_and_the_second_underlined_where_they_can_be_told_apart(table):
    made = table({"base": BASE, "A": BETTER, "B": BEST_OF_ALL, "C": SAME})
    marks = {row.arm: row.map50_95.mark for row in made.rows}
    assert marks == {"base": UNMARKED, "A": SECOND, "B": BEST, "C": UNMARKED}
    text = write_latex(made)
    assert r"\textbf{43.47} $\pm$ 0.43" in text
    assert r"\underline{39.99} $\pm$ 0.83" in text
    assert "<u>39.99</u> ± 0.83" in write_markdown(made)
    assert "Bold: the highest mean" in text


def test_two_that_are_better_and_cannot_be_told_apart_are_both_bold(table):
    other = tuple(round(value + plus, 5) for value, plus in zip(BETTER, (0.01, -0.01, 0.02, -0.02, 0, 0.01, 0, 0)))
    made = table({"base": BASE, "A": BETTER, "B": other, "C": WORSE})
    assert [row.map50_95.mark for row in made.rows] == [UNMARKED, BEST, BEST, UNMARKED]


def test_the_highest_mean_is_not_bold_where_it_cannot_be_told_from_the_baseline(table):
    made = table({"base": BASE, "A": SAME})
    assert only(made, "A").map50_95.summary.mean > only(made, "base").map50_95.summary.mean
    for text in (write_markdown(made), write_latex(made)):
        assert "**" not in text
        assert r"\textbf" not in text
        assert "Bold" not in text


def test_a_baseline_is_bold_where_every_arm_is_worse(table):
    made = table({"base": BASE, "A": WORSE, "B": tuple(value - 0.1 for value in WORSE)})
    assert [row.map50_95.mark for row in made.rows] == [BEST, UNMARKED, UNMARKED]


def test_the_json_has_the_keys_of_the_contract(table):
    made = table({"base": BASE, "A": BETTER})
    base, arm = (row.data() for row in made.rows)
    contract = {"arm", "scale", "parameters", "gflops", "latency_ms", "fps", "runs", "mAP50", "mAP50-95", "difference"}
    assert contract | {"verdict"} <= set(arm)
    assert base["difference"] is None
    assert {"mean", "low", "high", "p"} <= set(arm["difference"])
    run = made.results[0].data("best")
    assert set(run) == {
        *("id", "arm", "scale", "seed", "status", "commit", "metrics", "seconds", "attempts", "host", "why")
    }
    assert set(run["metrics"]) == {"mAP50", "mAP50-95", "precision", "recall"}


def test_the_csv_files_have_every_digit_and_every_run(table, run):
    third = table(
        {"base": (0.1, 0.2, 0.2), "A": (0.3, 0.3, 0.4)}, run("A", 2, 0, status=FAILED, why='a "quote", and\n')
    )
    base, arm = csv.DictReader(io.StringIO(write_csv(third)))
    assert float(base["map50_95_mean"]) == sum((0.1, 0.2)) / 2  # of the two equal runs, one
    assert (arm["runs_done"], arm["runs_wanted"], arm["runs_failed"], arm["verdict"]) == (
        "2",
        "3",
        "1",
        "too few seeds",
    )
    assert (arm["choice"], arm["seed_patch"], arm["data"]) == ("best", "True", "shapes.yaml")
    runs = list(csv.DictReader(io.StringIO(write_runs_csv(third))))
    assert len(runs) == 6
    assert (runs[0]["best_map50_95"], runs[0]["last_map50_95"], runs[0]["best_epoch"]) == ("0.1", "0.09", "2")
    failed = next(one for one in runs if one["status"] == FAILED)
    assert (failed["why"], failed["best_map50_95"]) == ('a "quote", and\n', "")


def test_files_keep_their_columns_whatever_an_arm_is_called(table, latex_rows):
    made = table({"base": BASE, NASTY: BETTER}, scales=("n", "s"))
    lines = [line for line in write_markdown(made).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {13}
    columns, rows = latex_rows(write_latex(made))
    assert (len(columns), len(rows)) == (12, 2 + 4)
    assert [row[0] for row in rows][2] == "base"


def test_a_latex_table_has_units_and_no_column_that_nothing_is_known_of(table, conditions, latex_rows):
    made = table({"base": BASE, "A": BETTER}, conditions=replace(conditions, figures=""))
    unknown = tuple(replace(row, figures=replace(row.figures, latency_ms=None, fps=None)) for row in made.rows)
    _, (heads, units, *_) = latex_rows(write_latex(replace(made, rows=unknown)))
    assert "Latency" not in heads
    assert dict(zip(heads, units)) == {
        "Arm": "",
        "Scale": "",
        "Parameters": "(M)",
        "GFLOPs": "",
        "Runs": "",
        "mAP50": r"(\%)",
        "mAP50{-}95": r"(\%)",
        "Difference": "(points)",
        "p": "",
        "Verdict": "",
    }


def test_a_latex_table_gets_smaller_where_it_is_too_wide_and_its_paths_can_be_broken(table, conditions):
    text = write_latex(table({"base": BASE, "A": BETTER}, conditions=replace(conditions, data="/home/me/data.yaml")))
    start, end = text.index(r"\resizebox{\ifdim\width>\linewidth"), text.index("\\end{tabular}}\n")
    assert start < text.index(r"\begin{tabular}") < end
    assert r"on /\allowbreak{}home/\allowbreak{}me/\allowbreak{}data.yaml," in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles_the_table(table, tmp_path):
    packages = r"\usepackage{booktabs,graphicx,textcomp}\usepackage[T1]{fontenc}"
    text = write_latex(table({"base": BASE, NASTY: BETTER}, scales=("n", "s")))
    (tmp_path / "a.tex").write_text(rf"\documentclass{{article}}{packages}\begin{{document}}{text}\end{{document}}")
    done = subprocess.run(["pdflatex", "-halt-on-error", "a.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


def test_the_terminal_shows_costs_metrics_and_differences_in_80_columns(table):
    long = "DSConv-and-SPConv-and-EMA-with-a-name"
    wide = tuple(value * 100 for value in WORSE)  # no metric is that large
    made = table({"base" * 20: BASE, "A": BETTER, long: wide}, scales=("n", "s"))
    lines = [unstyle(line) for line in grid(made, ())]
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert re.search(r"A +n +2\.624 +6\.50 +4\.25 +235\.3", text)
    assert re.search(r"A +n +8/8 +49\.99 ± 0\.83 +39\.99 ± 0\.83", text)
    assert re.search(r"A +n +\+1\.90 +\[\+1\.31, \+2\.49\] +0\.0156 +better", text)


def test_a_terminal_shows_no_endless_list(table, run):
    failures = [run("A", seed, 0, scale=scale, status=FAILED, why=f"{seed}") for seed in range(8) for scale in "ns"]
    made = table({"base": BASE, "A": BETTER}, *failures, scales=("n", "s"))
    lines = [unstyle(line) for line in grid(made, ())]
    assert sum("Failed:" in line for line in lines) == 12
    assert lines[-1] == "  6 more such sentences stand below the table in its files"


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ([3], "seed 3"),
        ([1, 0], "seeds 0 and 1"),
        ([0, 1, 2, 3], "seeds 0 to 3"),
        ([8, 0, 1, 2, 4, 5], "seeds 0 to 2, 4, 5, 8"),
    ],
)
def test_seeds_are_named_shortly(seeds, text):
    assert seeds_text(seeds) == text


def test_grids_without_a_difference_get_a_verdict_in_at_most_one_of_twenty(table):
    chance = random.Random(1)
    wrong = 0
    for _ in range(400):
        arms = {arm: [round(chance.gauss(0.4, 0.005), 5) for _ in range(8)] for arm in ("base", "A", "B", "C")}
        wrong += any(row.verdict in ("better", "worse") for row in table(arms).rows)
    assert 0 < wrong / 400 <= 0.05


def test_grids_with_a_large_difference_nearly_always_show_it(table):
    chance = random.Random(2)
    found = 0
    for _ in range(100):
        base, arm = ([round(chance.gauss(mean, 0.005), 5) for _ in range(8)] for mean in (0.4, 0.415))
        found += only(table({"base": base, "A": arm}), "A").verdict == "better"
    assert found > 95
