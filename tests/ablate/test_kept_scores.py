"""The scores that the record of a trained run keeps: they save reading its results, and never disagree with them."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from yolopatch.core.ablate.grid import Arm, Grid
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.ablate.results import DONE, FAILED, RunResult
from yolopatch.core.training.run import RECORD, Attempt, Run, Wanted
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.steps.ablate import standing
from yolopatch.steps.ablate.ablate import read_ablation
from yolopatch.steps.ablate.equal import find_differences
from yolopatch.steps.ablate.plan import plan_grid
from yolopatch.steps.ablate.standing import keep_in
from yolopatch.steps.training import results

FITNESS = (0.0, 0.0, 0.1, 0.9)
FIELDS = ("precision", "recall", "map50", "map50_95", "epoch", "epochs")
ONLY_MAP50 = (0.0, 0.0, 1.0, 0.0)
NAME = "base-n-0"
HEAD = "epoch,time,train/box_loss," + ",".join(
    f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95")
)
TWO_EPOCHS = f"{HEAD}\n1,1.0,3.0,0.1,0.2,0.3,0.12345\n2,2.0,2.0,0.2,0.3,0.4,0.1\n"


class GridOfOne:
    """A grid's folder with one run, which has ended with some results."""

    def __init__(self, place: Path, results: str = TWO_EPOCHS, trained: bool = True) -> None:
        self.folder = GridFolder(place)
        self.place = self.folder.run(NAME) / "results"
        self.place.mkdir(parents=True, exist_ok=True)
        self.file = self.place / "results.csv"
        self.file.write_text(results, "utf-8")
        self.weighs(FITNESS)
        wanted = Wanted({}, "n", base=True, quick=False, commit="c" * 40, edited=(), cfg="", data="")
        self.run = Run(0, wanted, (Attempt("2026-01-02", None, {"host": "here"}),), str(self.place), trained=trained)
        keep_in(self.folder, FITNESS)(NAME, self.run)

    def weighs(self, fitness: tuple[float, ...]) -> None:
        """Say how upstream weighs the metrics of an epoch."""
        self.folder.save_record(GridRecord("0", "", "ultralytics-8.3.0", "data.yaml", "", 3, fitness, {}, True))

    def read(self) -> RunResult:
        """Read the run for the table."""
        grid = Grid("yolo11", ("n",), "data.yaml", (0,), "base", (Arm("base"),))
        return read_ablation(plan_grid(grid, self.folder.path), self.folder).runs[0]

    def record(self) -> dict:
        """Return what the file of the record has."""
        return json.loads((self.folder.run(NAME) / RECORD).read_text("utf-8"))

    def edit(self, scores: object) -> None:
        """Put something into the record by hand."""
        (self.folder.run(NAME) / RECORD).write_text(json.dumps({**self.record(), "scores": scores}), "utf-8")


@pytest.fixture
def parsed(monkeypatch) -> list[bytes]:
    """Note which results were parsed."""
    found: list[bytes] = []
    real = standing.box_columns

    def noting(run, content):
        found.append(content)
        return real(run, content)

    monkeypatch.setattr(standing, "box_columns", noting)
    return found


def test_a_table_has_the_scores_of_the_record_and_parses_no_results(tmp_path, parsed):
    grid = GridOfOne(tmp_path / "grid")
    assert parsed.pop() == TWO_EPOCHS.encode()
    found = grid.read()
    assert parsed == []
    assert (found.best.epoch, found.best.map50_95, found.best.epochs) == (1, 0.12345, 2)
    assert (found.last.epoch, found.last.map50_95, found.last.precision) == (2, 0.1, 0.2)
    grid.edit({})
    assert grid.read() == found  # from the results themselves
    assert len(parsed) == 1


def test_results_that_were_changed_are_read_anew_even_at_the_same_length_and_time(tmp_path):
    grid = GridOfOne(tmp_path / "grid")
    before = grid.file.stat()
    grid.file.write_text(TWO_EPOCHS.replace("0.12345", "0.54321"), "utf-8")
    os.utime(grid.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert grid.read().best.map50_95 == 0.54321


def test_results_that_are_gone_are_not_made_up_from_the_record(tmp_path):
    grid = GridOfOne(tmp_path / "grid")
    grid.file.unlink()
    found = grid.read()
    assert (found.status, found.best, found.last) == (DONE, None, None)


def test_results_that_somebody_spoilt_fail_the_run_whatever_the_record_says(tmp_path):
    grid = GridOfOne(tmp_path / "grid")
    grid.file.write_text("a,b\n1,2\n", "utf-8")
    found = grid.read()
    assert found.status == FAILED
    assert "no column 'epoch'" in found.why


def test_a_record_of_before_that_has_no_scores_is_read(tmp_path):
    grid = GridOfOne(tmp_path / "grid")
    content = grid.record()
    del content["scores"]
    (grid.folder.run(NAME) / RECORD).write_text(json.dumps(content), "utf-8")
    assert grid.read().best.map50_95 == 0.12345


def test_another_choice_of_the_best_epoch_is_not_answered_from_the_record(tmp_path):
    grid = GridOfOne(tmp_path / "grid")
    grid.weighs(ONLY_MAP50)
    assert grid.read().best.epoch == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"best": {"map50_95": 0.9}},
        {"best": None},
        {"last": [1, 2, 3]},
        {"weights": "much"},
        {"weights": 1},
        {"sha256": 7},
        {"best": dict.fromkeys(FIELDS, "0.9")},
        {"best": dict.fromkeys(FIELDS, float("nan"))},
    ],
    ids=str,
)
def test_scores_in_a_record_that_are_none_are_not_taken(tmp_path, changed):
    grid = GridOfOne(tmp_path / "grid")
    grid.edit({**grid.record()["scores"], **changed})
    assert grid.read().best.map50_95 == 0.12345


@pytest.mark.parametrize("worth", ["nan", "inf", ""])
def test_metrics_that_are_no_numbers_stay_in_the_results_and_the_record_stays_json(tmp_path, worth):
    grid = GridOfOne(tmp_path / "grid", f"{HEAD}\n1,1.0,3.0,0.1,0.2,0.3,{worth}\n")
    assert grid.record()["scores"] == {}
    found = grid.read()
    assert found.status == DONE
    assert not found.best.are_finite()


@pytest.mark.parametrize("results", ["", HEAD, "a,b\n1,2\n"], ids=["empty", "a head", "of somebody else"])
def test_a_run_without_scores_is_kept_as_trained(tmp_path, results):
    grid = GridOfOne(tmp_path / "grid", results)
    assert grid.record()["trained"]
    assert grid.record()["scores"] == {}


def test_results_that_cannot_be_read_do_not_undo_a_training(tmp_path, monkeypatch):
    grid = GridOfOne(tmp_path / "grid", trained=False)
    assert grid.record()["scores"] == {}

    def broken(run):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(standing, "results_content", broken)
    keep_in(grid.folder, FITNESS)(NAME, replace(grid.run, trained=True))
    assert grid.record()["trained"]


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Note which files of runs were opened."""
    found: list[str] = []
    real = results.read_if_there

    def noting(file):
        found.append(Path(file).name)
        return real(file)

    monkeypatch.setattr(results, "read_if_there", noting)
    return found


def test_a_table_opens_no_file_that_is_as_it_was_when_its_run_had_ended(tmp_path, opened):
    (tmp_path / "grid" / "runs" / NAME / "results").mkdir(parents=True)
    (tmp_path / "grid" / "runs" / NAME / "results" / "args.yaml").write_text("epochs: 2\n", "utf-8")
    grid = GridOfOne(tmp_path / "grid")
    assert opened == ["args.yaml", "results.csv"]
    opened.clear()
    assert grid.read().best.map50_95 == 0.12345
    assert opened == []


def test_the_files_of_a_copied_grid_are_read_and_not_parsed(tmp_path, opened, parsed):
    grid = GridOfOne(tmp_path / "grid")
    before = grid.read()
    shutil.copytree(tmp_path / "grid", tmp_path / "copy", copy_function=shutil.copy)
    shutil.rmtree(tmp_path / "grid")
    for noted in (opened, parsed):
        noted.clear()
    grid.folder = GridFolder(tmp_path / "copy")
    assert grid.read() == before
    assert (opened.count("results.csv"), parsed) == (1, [])


def test_settings_that_were_changed_by_hand_are_noticed_even_at_the_same_length_and_time(tmp_path):
    runs = {}
    for seed in (0, 1):
        grid = GridOfOne(tmp_path / f"grid{seed}")
        args = grid.place / "args.yaml"
        args.write_text(f"seed: {seed}\nepochs: 2\n", "utf-8")
        keep_in(grid.folder, FITNESS)(NAME, grid.run)
        runs[f"base-n-{seed}"] = grid.folder.read_run(NAME)
    assert find_differences(runs) == ()
    before = args.stat()
    args.write_text("seed: 1\nepochs: 3\n", "utf-8")
    os.utime(args, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert find_differences(runs) == ("the runs differ in upstream's argument epochs: 2 in base-n-0; 3 in base-n-1",)
    args.unlink()
    (said,) = (line for line in find_differences(runs) if "settings" in line)
    assert "upstream wrote none' in base-n-1" in said


@pytest.mark.parametrize("kept", [{}, {"alike": 3, "stamp": None}, {"alike": None}, {"stamp": [1, 2, 3]}], ids=str)
def test_what_a_record_has_in_place_of_the_settings_is_not_taken(tmp_path, kept):
    grid = GridOfOne(tmp_path / "grid")
    (grid.place / "args.yaml").write_text("epochs: 2\n", "utf-8")
    runs = {name: replace(grid.run, settings=kept) for name in ("a", "b")}
    assert find_differences(runs) == ()
