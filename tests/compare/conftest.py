"""A comparison of three models, one of them with a name that everything would obey."""

from __future__ import annotations

import pytest

from yolopatch.core.compare.curves import Curves
from yolopatch.core.compare.rows import Method, Metrics, Process, Row
from yolopatch.steps.compare.compare import Comparison
from yolopatch.wire.facts import LayerCost, Times

NASTY = r"100%_A&B #1 {x} \y ~z^2 <a|b> $5 `--`"


def _row(name: str, parameters: int, times: tuple[float, float, float], best: float | None = None) -> Row:
    median, low, high = times
    layers = (LayerCost(0, "Conv", 464, 0.25), LayerCost(1, "Concat", 0, 0.0), LayerCost(2, "Detect", 9_000, 1.5))
    metrics = curves = None
    if best is not None:
        metrics = Metrics(0.5, 0.5, 0.6, best, epoch=2, epochs=3, data="shapes.yaml")
        curves = Curves({"box_loss, training": [3.0, float("nan"), 1.0]}, {"mAP50-95": [0.1, best, 0.2]})
    fps = round(1e3 / median, 2)
    return Row(name, 100, parameters, 6.5, None, Times(median, low, high), fps, 2**20, metrics, layers, curves)


@pytest.fixture
def nasty() -> str:
    """The name of the second model."""
    return NASTY


def make_comparison() -> Comparison:
    """The comparison; its first and third model are runs."""
    rows = (
        _row("base", 2_600_000, (10.0, 9.9, 10.1), 0.4),
        _row(NASTY, 2_500_000, (10.05, 9.95, 10.2)),
        _row("other", 2_600_000, (12.0, 11.0, 13.0), 0.5),
    )
    process = Process(
        tuple(one.name for one in rows), "/w", "ultralytics-8.3.0", "a" * 40, (), 0, "A CPU", 2, 31, "2.3.1"
    )
    return Comparison(rows, Method(640, 1, False, (process,)), ())


@pytest.fixture
def found() -> Comparison:
    """The comparison."""
    return make_comparison()
