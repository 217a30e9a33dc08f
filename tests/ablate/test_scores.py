"""Which epoch's metrics a run has: those of the weights that upstream keeps."""

from __future__ import annotations

import math

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.core.ablate.scores import read_scores
from yolopatch.core.training.fitness import best_epoch, read_fitness
from yolopatch.core.training.results import read_columns

HALF = (0.0, 0.0, 0.1, 0.9)
ONLY = (0.0, 0.0, 0.0, 1.0)


def columns(*epochs: tuple[float, float]) -> dict[str, list[float]]:
    """The results of a training with these mAP50 and mAP50-95."""
    lines = (f"{number},0.5,0.4,{map50},{map50_95}\n" for number, (map50, map50_95) in enumerate(epochs, 1))
    names = ("precision", "recall", "mAP50", "mAP50-95")
    return read_columns(",".join(["epoch", *(f"metrics/{name}(B)" for name in names)]) + "\n" + "".join(lines))


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
    found = columns((0.9, 0.50), (0.1, 0.52), (0.2, 0.52))
    best, last = read_scores(found, HALF)
    assert (best.epoch, best.map50_95, best.epochs) == (1, 0.50, 3)  # 0.54 beside 0.478 and 0.488
    assert (last.epoch, last.map50) == (3, 0.2)
    best, _ = read_scores(found, ONLY)
    assert best.epoch == 3  # of equal ones the last: upstream writes best.pt again


def test_an_epoch_without_numbers_is_never_the_best_while_another_has_them():
    nan = math.nan
    nothing = {name: [nan, nan] for name in ("precision", "recall", "mAP50")}
    assert best_epoch({**nothing, "mAP50-95": [nan, 0.0]}, ONLY) == 1
    assert best_epoch({**nothing, "mAP50-95": [0.0, nan]}, ONLY) == 0


def test_a_run_that_was_never_validated_has_no_scores():
    assert read_scores({"epoch": [1.0], "train/box_loss": [2.0]}, HALF) == (None, None)
    assert read_scores({}, HALF) == (None, None)
    assert read_scores(columns(), HALF) == (None, None)
