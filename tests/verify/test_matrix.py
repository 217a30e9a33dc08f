"""The table of every module, verified: what it covers, what is run again, and what a cell says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

import pytest

from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.modules import MODULES as ALL_MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.maintain import matrix
from yolopatch.maintain.matrix import ALL, BUILT, QUICK, Case, Result, cases, read_results
from yolopatch.maintain.pages.matrix import page
from yolopatch.maintain.pages.verdicts import verified
from yolopatch.wire.checks import CHECKS

from ..of_tutorials import MODULES

PASSING = Case("ultralytics-8.3.0", "DSConv", "paper", "layer", "n")


def test_it_covers_every_model():
    found = Counter((case.flavor, case.task) for case in cases() if case.module in MODULES)
    detection = len(MODULES) * len(PINS) * 2 * 5
    others = len(MODULES) * sum(pin.upstream == "ultralytics" for pin in PINS.values()) * 2  # at one scale
    tasks = ("segment", "pose", "obb", "classify")
    assert found == {
        **{(flavor, "detect"): detection for flavor in FLAVORS},
        **{(flavor, task): others for flavor in FLAVORS for task in tasks},
    }
    assert detection >= 250


def test_it_covers_every_other_module_on_every_pin_and_at_every_scale():
    others = [case for case in cases() if case.module not in MODULES]
    assert {(case.flavor, case.task) for case in others} == {("paper", "detect")}
    placed = {name for name, module in ALL_MODULES.items() if module.role.placement} - MODULES.keys()
    wanted = {(pin, module, scale) for pin in PINS for module in placed for scale in "nsmlx"}
    assert {(case.pin, case.module, case.scale) for case in others} == wanted


def test_a_part_of_it_can_be_asked_for():
    some = cases("s", ["yolov5-6.1", "ultralytics-8.4.0"], ["detect", "obb"])
    assert {(case.pin, case.scale, case.task) for case in some} == {
        ("yolov5-6.1", "s", "detect"),
        ("ultralytics-8.4.0", "s", "detect"),
        ("ultralytics-8.4.0", "n", "obb"),
    }


def test_the_checks_that_are_run_exist():
    assert set(BUILT) < set(QUICK) < set(ALL) < {check.id for check in CHECKS}


@pytest.fixture
def table(monkeypatch, tmp_path):
    """Run a part of the table with a verification that is counted instead of made; returns what was verified."""
    kept, verified = tmp_path / "kept.jsonl", []

    def verify(job, depth):
        verified.append((job.case, depth))
        return Result(job.case, job.key(depth), "pass", (), (), 1.0, depth)

    monkeypatch.setattr(matrix, "_verify", verify)
    monkeypatch.setattr(matrix, "cases", lambda: [PASSING])

    def run(*asked, depth="all"):
        verified.clear()
        results = list(matrix.verify_all(frozenset(asked), kept, 1, depth))
        return list(verified), results

    run.kept = kept
    return run


def test_a_model_that_was_only_built_is_not_counted_as_verified():
    def result(module, depth, *failed):
        return Result(Case("ultralytics-8.3.0", module, "paper", "layer", "l"), "", "", failed, (), 1, depth)

    text = page([result("DSConv", "quick"), result("RefConv", "built"), result("SPConv", "built", "build")])
    assert [line for line in text.splitlines() if line.startswith("| ultralytics-8.3.0")] == [
        "| ultralytics-8.3.0 | DSConv | layer | pass* |",
        "| ultralytics-8.3.0 | RefConv | layer | built |",
        "| ultralytics-8.3.0 | SPConv | layer | fails build |",
    ]
    assert "1 of 2 models pass. Built, and not verified further: 1." in text
    assert [(one.module, one.failing) for one in verified(text)] == [("DSConv", ()), ("SPConv", ("build",))]


def test_what_has_a_result_is_not_verified_again(table):
    assert table(PASSING)[0] == [(PASSING, "all")]
    verified, results = table(PASSING)
    assert verified == []
    assert [result.case for result in results] == [PASSING]
    assert table()[1] == results, "the table holds what is kept, though it is not asked for"


def test_all_checks_replace_a_few_and_not_the_other_way_round(table):
    assert table(PASSING, depth="built")[0] == [(PASSING, "built")]
    assert table(PASSING, depth="quick")[0] == [(PASSING, "quick")]
    assert table(PASSING, depth="quick")[0] == []
    assert table(PASSING)[0] == [(PASSING, "all")]
    verified, (result,) = table(PASSING, depth="quick")
    assert (verified, result.depth) == ([], "all")


def test_results_are_read_as_they_were_written(tmp_path):
    written = Result(PASSING, "key", "fail", ("inert",), ("flops",), 1.5, "quick")
    (tmp_path / "kept.jsonl").write_text(json.dumps(asdict(written)) + "\n")
    assert read_results(tmp_path / "kept.jsonl") == [written]


def test_a_cell_says_what_fails_and_what_warns_and_how_much_was_run():
    def result(module, failed=(), warned=(), depth="all", **case):
        return Result(
            Case("ultralytics-8.3.0", module, "paper", "layer", "n", **case), "", "", failed, warned, 1, depth
        )

    text = page(
        [
            result("DSConv", warned=("flops",)),
            result("RefConv", failed=("inert", "init"), warned=("fuse",)),
            result("SPConv", depth="quick"),
            result("SPConv", task="pose"),
        ]
    )
    rows = [line for line in text.splitlines() if line.startswith("| ultralytics-8.3.0")]
    assert rows == [
        "| ultralytics-8.3.0 | DSConv | layer | pass |  |",
        "| ultralytics-8.3.0 | RefConv | layer | fails inert, init; warns fuse |  |",
        "| ultralytics-8.3.0 | SPConv | layer | pass* | pass |",
    ]
    assert "- Flavor `paper`: 3 of 4 models pass." in text


def test_a_run_of_a_part_leaves_the_other_cells_of_the_page_as_they_were():
    def result(module, *failed, scale="n", task="detect", depth="all"):
        return Result(
            Case("ultralytics-8.3.0", module, "paper", "layer", scale, task), "", "", failed, ("fuse",), 1, depth
        )

    before = page([result("DSConv", "init"), result("DSConv", scale="l", depth="quick"), result("DSConv", task="pose")])
    after = page([result("DSConv"), result("SPConv", "inert")], before)
    assert [line for line in after.splitlines() if line.startswith("| ")] == [
        "| pin | module | in | n | l | pose n |",
        "| ultralytics-8.3.0 | DSConv | layer | pass; warns fuse | pass*; warns fuse | pass; warns fuse |",
        "| ultralytics-8.3.0 | SPConv | layer | fails inert; warns fuse |  |  |",
        "| pin | module | in | n | l | pose n |",
    ]
    assert "- Flavor `paper`: 3 of 4 models pass." in after
    assert page([], after) == after
