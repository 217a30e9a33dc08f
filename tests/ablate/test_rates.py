"""A grid whose arms are trained with other learning rates says so, before the first run and with the table."""

from __future__ import annotations

import json

import pytest

from yolopatch.core.ablate.record import GridRecord, MeasuredModel, read_record, write_record
from yolopatch.core.ablate.results import ModelFigures
from yolopatch.steps.ablate.equal import rate_differences

FIGURES = ModelFigures(2_600_000, 6.5, None, None)
MODELS = {
    "base/n": MeasuredModel("a", FIGURES, {"3": "the head"}),
    "EMA/n": MeasuredModel("b", FIGURES),
    "DSConv/n": MeasuredModel("c", FIGURES, {"3": "the head"}),
    "base/s": MeasuredModel("d", FIGURES, {"3": "the head"}),
}


def test_the_arms_that_differ_are_named_at_their_scale_alone():
    (found,) = rate_differences(MODELS, {})
    assert found.startswith(
        "at n, the optimizer that upstream chooses for a short training does not multiply the same learning rates in "
        "all arms (base, DSConv: parameters of the head by 3; EMA: nothing). "
    )
    assert 'write optimizer = "SGD" into [train]' in found


@pytest.mark.parametrize("train", [{"optimizer": "SGD"}, {"optimizer": "AdamW"}])
def test_an_optimizer_that_multiplies_no_rate_trains_all_arms_alike(train):
    assert rate_differences(MODELS, train) == ()


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [("auto", "the optimizer that upstream chooses for a short training"), ("MuSGD", "the optimizer of [train]")],
)
def test_upstreams_own_choice_does_not(optimizer, said):
    (found,) = rate_differences(MODELS, {"optimizer": optimizer})
    assert found.startswith(f"at n, {said} does not multiply the same learning rates")


def test_equal_arms_and_unmeasured_ones_differ_in_nothing():
    assert rate_differences({key: MODELS[key] for key in ("base/n", "DSConv/n", "base/s")}, {}) == ()
    assert rate_differences({}, {}) == ()


def test_a_record_keeps_the_rates_and_one_of_an_older_version_has_none():
    record = GridRecord(
        "0.1.0", "/w", "ultralytics-8.4.0", "coco8.yaml", "d", 80, (0.1, 0.9), {}, True, {"base/n": MODELS["base/n"]}
    )
    written = write_record(record)
    assert read_record(written) == record
    older = json.loads(written)
    del older["models"]["base/n"]["rates"]
    assert read_record(json.dumps(older).encode()).models["base/n"].rates == {}
