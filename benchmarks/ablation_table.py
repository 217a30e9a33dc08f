"""Time the table of a grid: statistics, every file and the chart, from results that are in memory to texts.

Run with `python benchmarks/ablation_table.py`. Each grid is measured in processes of its own, so that the import of
scipy counts, and so that the memory is the grid's: what the process has at its peak above what it had before the table.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from timing import rounds
from yolopatch.core.ablate.chart import draw_chart
from yolopatch.core.ablate.files import write_csv, write_latex, write_markdown, write_runs_csv
from yolopatch.core.ablate.page.content import make_page
from yolopatch.core.ablate.results import BEST, DONE, FAILED, Conditions, ModelFigures, Plan, RunResult, Scores
from yolopatch.core.ablate.table import make_table
from yolopatch.outside.page.page import render_template

AIM_SECONDS, AIM_RUNS = 2.0, 10_000
SCALES = ("n", "s", "m", "l", "x")
GRIDS = ((10, 2), (25, 8), (250, 8), (200, 10), (2000 // 16, 16))  # arms, seeds
CONDITIONS = Conditions(BEST, "ultralytics-8.3.0", True, "coco.yaml", "epochs=100", "", "torch 2.3.1", "")
ROUNDS = rounds(3)


def results(plan: Plan) -> Iterator[RunResult]:
    """Yield runs of which every fourth arm is better, and one of a hundred failed."""
    chance = random.Random(0)
    for arm_number, arm in enumerate(plan.arms):
        for scale in plan.scales:
            for seed in plan.seeds:
                value = round(0.4 + 0.02 * (arm_number % 4 == 1) + chance.gauss(0, 0.004), 5)
                scores = Scores(0.7, 0.6, round(value + 0.15, 5), value, 90, 100)
                failed = chance.random() < 0.01
                best = last = None if failed else scores
                status, why = (FAILED, "CUDA out of memory") if failed else (DONE, "")
                identity = f"{arm}-{scale}-{seed}"
                yield RunResult(identity, arm, scale, seed, status, "a" * 40, best, last, 3600.0, 1, "node-1", why)


def measure(arms: int, seeds: int) -> tuple[float, float]:
    """Return the seconds of a table, and the MiB that it took at its peak."""
    plan = Plan(tuple(f"arm-{number}" for number in range(arms)), SCALES, tuple(range(seeds)), "arm-0")
    found = list(results(plan))
    figures = {(arm, scale): ModelFigures(2_600_000, 6.5, 4.2, 238.1) for arm in plan.arms for scale in plan.scales}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    table = make_table(plan, CONDITIONS, found, figures)
    for write in (write_csv, write_runs_csv, write_markdown, write_latex, draw_chart):
        write(table)
    render_template("ablate.html.j2", page=make_page(table, (), "yolopatch ablate grid"))
    seconds = time.perf_counter() - start
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Measure every grid, or in a child process one."""
    if len(sys.argv) > 1:
        print(*measure(*map(int, sys.argv[1:])))
        return
    print(f"  {'arms x scales x seeds':<28}{'runs':>8}{'s':>8}{'MiB':>8}")
    for arms, seeds in GRIDS:
        words = (sys.executable, __file__, str(arms), str(seeds))
        done = [subprocess.run(words, check=True, capture_output=True, text=True).stdout for _ in range(ROUNDS)]
        seconds, memory = (statistics.median(column) for column in zip(*(map(float, text.split()) for text in done)))
        runs = arms * len(SCALES) * seeds
        missed = runs >= AIM_RUNS and seconds > AIM_SECONDS
        verdict = f"  aim: at most {AIM_SECONDS:.0f} s{', missed' * missed}" if runs >= AIM_RUNS else ""
        print(f"  {f'{arms} x {len(SCALES)} x {seeds}':<28}{runs:>8}{seconds:>8.2f}{memory:>8.0f}{verdict}")


if __name__ == "__main__":
    main()
