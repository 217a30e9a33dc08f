"""`make gpu`, on the CPU: one row that fails stops no other, and the exit code says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make_gpu(tmp_path):
    """Run some rows, and return the exit code, the lines of the table by row, and what was said of the progress."""

    def run(*arguments: str, **variables: str) -> tuple[int, dict[tuple[str, str], list[str]], str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT)]), **variables}
        command = [sys.executable, "-m", "gpu", "--device", "cpu", *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        cells = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
        return done.returncode, {(row[0].strip("| "), row[1]): row[2:] for row in cells[1:]}, done.stderr

    return run


@pytest.mark.slow
def test_without_git_the_rows_of_the_layers_are_tried_and_the_others_say_why_not(make_gpu, tmp_path):
    rows = ("RefConv/half", "SPConv/AMP-step", "RefConv/verify", "yolov5-6.1/train")
    code, table, progress = make_gpu("--only", *rows, "--out", "gpu.md", PATH=str(tmp_path / "nothing"))
    assert code == 1
    assert progress.startswith("git is not installed")
    assert {row: cells[0] for row, cells in table.items()} == {
        ("RefConv", "half"): "ok",
        ("SPConv", "AMP step"): "ok",
        ("RefConv", "verify"): "**failed**",
        ("yolov5-6.1", "train"): "**failed**",
    }
    assert "git is not installed" in table["yolov5-6.1", "train"][1]
    assert "| RefConv | half | ok |" in (tmp_path / "gpu.md").read_text()


def test_a_pattern_that_names_no_row_is_answered_with_the_names(make_gpu):
    code, table, said = make_gpu("--only", "RefConv/speed")
    assert (code, table) == (1, {})
    assert "RefConv/training-step" in said
