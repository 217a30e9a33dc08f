"""The latency of models: as built and fused, of copies, and with the reason where fuse() fails."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.nn as nn

from yolopatch.probe.measure.latency import Effort, measure_latency


class Slow(nn.Module):
    """Takes some seconds of `Slow.clock` for each forward, fewer once fused."""

    clock = 0.0

    def __init__(self, seconds: float, error: str = "") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.seconds, self.error, self.passes = seconds, error, 0

    def forward(self, x):
        assert not torch.is_grad_enabled()
        self.passes += 1
        Slow.clock += self.seconds
        return x * self.weight

    def fuse(self):
        if self.error:
            raise RuntimeError(self.error)
        self.seconds /= 4
        return self


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("yolopatch.probe.measure.latency.time", SimpleNamespace(perf_counter=lambda: Slow.clock))


def test_each_is_timed_as_built_and_fused_and_stays_as_it_is():
    model, base = Slow(0.02), Slow(0.01)
    found = measure_latency({"model": model, "base": base}, 32)
    assert found["model"].as_built.median == 20
    assert (found["model"].fused.median, found["base"].as_built.median) == (5, 10)
    assert (model.seconds, base.seconds) == (0.02, 0.01)
    assert model.passes == base.passes == found["model"].rounds + 1, "the first warms up"
    assert found["model"].hardware == "cpu"
    assert found["model"].threads == torch.get_num_threads()


def test_the_reason_is_told_where_fuse_fails():
    found = measure_latency({"model": Slow(0.001, error="no conv"), "base": Slow(0.001)}, 32)
    assert found["model"].fused is None
    assert found["model"].failure == "RuntimeError: no conv"
    assert found["model"].data()["latency_fused_ms"] is found["model"].data()["fps"]["fused"] is None
    assert found["base"].fused
    assert found["base"].failure == ""


def test_a_slow_model_is_timed_less_often(monkeypatch):
    monkeypatch.setattr("yolopatch.probe.measure.latency._QUICK", Effort(rounds=9, seconds=0.01, warm_ups=1))
    assert measure_latency({"model": Slow(0.01)}, 32)["model"].rounds == 3
