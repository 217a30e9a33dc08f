"""Grids whose runs gave what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from yolopatch.core.ablate.results import BEST, DONE, Conditions, ModelFigures, Plan, RunResult, Scores
from yolopatch.core.ablate.table import Table, make_table

CONDITIONS = Conditions(
    choice=BEST,
    pin="ultralytics-8.3.0",
    seed_patch=True,
    data="shapes.yaml",
    arguments="epochs=3 imgsz=64",
    weights="yolo11n.pt",
    environment="torch 2.3.1 on A CPU",
    figures="one image of 640 px on A CPU",
)


def make_run(arm: str, seed: int, map50_95: float, *, scale: str = "n", status: str = DONE, why: str = "") -> RunResult:
    """A run whose other metrics follow from its mAP50-95, and whose last.pt is a little worse than its best.pt."""
    best = Scores(0.7, 0.6, round(map50_95 + 0.1, 5), map50_95, 2, 3)
    last = Scores(0.6, 0.5, round(map50_95 + 0.05, 5), round(map50_95 - 0.01, 5), 3, 3)
    scores = (best, last) if status == DONE else (None, None)
    return RunResult(f"{arm}-{scale}-{seed}", arm, scale, seed, status, "a" * 40, *scores, 12.5, 1, "here", why)


@pytest.fixture
def run():
    """Make one run."""
    return make_run


def table_of(
    arms: Mapping[str, Sequence[float | None]],
    *more: RunResult,
    scales: Sequence[str] = ("n",),
    conditions: Conditions = CONDITIONS,
) -> Table:
    """Make the table of arms: the mAP50-95 of each seed, from seed 0 on, the baseline's first; None is still to run."""
    runs = [
        make_run(arm, seed, value, scale=scale)
        for scale in scales
        for arm, values in arms.items()
        for seed, value in enumerate(values)
        if value is not None
    ]
    known = {(one.arm, one.scale, one.seed): one for one in (*runs, *more)}
    seeds = range(max(map(len, arms.values())))
    plan = Plan(tuple(arms), tuple(scales), tuple(seeds), next(iter(arms)))
    figures = {(arm, scale): ModelFigures(2_624_080, 6.5, 4.25, 235.3) for arm in arms for scale in scales}
    return make_table(plan, conditions, known.values(), figures)


@pytest.fixture
def table():
    """Make the table of arms."""
    return table_of


@pytest.fixture
def conditions() -> Conditions:
    """What the runs of these tables have in common."""
    return CONDITIONS
