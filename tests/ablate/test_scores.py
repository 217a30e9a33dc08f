"""Which epoch's metrics a run has: those of the weights that upstream keeps."""

from __future__ import annotations

import math

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.ablate.scores import read_scores
from yolopatch.core.training.fitness import best_epoch, read_fitness

HALF = (0.0, 0.0, 0.1, 0.9)
ONLY = (0.0, 0.0, 0.0, 1.0)


def row(map50: float, map50_95: float) -> dict[str, float]:
    return {
        "epoch": 1.0,
        "metrics/precision(B)": 0.5,
        "metrics/recall(B)": 0.4,
        "metrics/mAP50(B)": map50,
        "metrics/mAP50-95(B)": map50_95,
    }


@pytest.mark.parametrize(
    ("pin", "weights"),
    [
        ("ultralytics-8.2.50", HALF),
        ("ultralytics-8.3.0", HALF),
        ("ultralytics-8.4.0", ONLY),
        ("yolov5-pypi-6.1.0", HALF),
        ("yolov5-6.1", HALF),
    ],
)
def test_the_weights_of_the_fitness_are_read_from_upstreams_code(pin, weights, pristine_tree):
    source = pristine_tree(pin) / PINS[pin].layout.package / "utils" / "metrics.py"
    assert read_fitness(source.read_text("utf-8")) == weights


@pytest.mark.parametrize("source", ["", "def fitness(x):\n    return x", "def fitness(x):\n    w = [a, b, 0.1, 0.9]"])
def test_another_form_of_the_fitness_is_not_guessed(source):
    assert read_fitness(source) is None


def test_the_best_epoch_is_the_one_that_upstream_keeps():
    rows = [row(0.9, 0.50), row(0.1, 0.52), row(0.2, 0.52)]
    best, last = read_scores(rows, HALF)
    assert (best.epoch, best.map50_95, best.epochs) == (1, 0.50, 3)  # 0.54 beside 0.478 and 0.488
    assert (last.epoch, last.map50) == (3, 0.2)
    best, _ = read_scores(rows, ONLY)
    assert best.epoch == 3  # of equal ones the last: upstream writes best.pt again


def test_an_epoch_without_numbers_is_never_the_best_while_another_has_them():
    nan = math.nan
    metrics = [dict(zip(("precision", "recall", "mAP50", "mAP50-95"), (nan, nan, nan, value))) for value in (nan, 0.0)]
    assert best_epoch(metrics, ONLY) == 1


def test_a_run_that_was_never_validated_has_no_scores():
    assert read_scores([{"epoch": 1.0, "train/box_loss": 2.0}], HALF) == (None, None)
    assert read_scores([], HALF) == (None, None)
