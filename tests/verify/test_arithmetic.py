"""On a GPU the checks compare in float32, the same each time, and measure times as a user's model computes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from yolopatch.probe.checks.deployment import latency
from yolopatch.probe.checks.verification import RunnableCheck, run_check
from yolopatch.probe.protocol.findings import passed
from yolopatch.probe.tensors.arithmetic import as_usual

_IN_FLOAT32 = {"convolutions": False, "products": False, "deterministic": True}


def _how() -> dict[str, bool]:
    """Whether TF32 may be used, and whether cuDNN may return another result each time."""
    return {
        "convolutions": torch.backends.cudnn.allow_tf32,
        "products": torch.backends.cuda.matmul.allow_tf32,
        "deterministic": torch.backends.cudnn.deterministic,
    }


@pytest.fixture
def usual():
    """How torch computes without yolopatch."""
    with as_usual():
        yield _how()


@pytest.fixture
def no_base():
    asked = SimpleNamespace(pristine=None)
    return SimpleNamespace(
        runs=True, model=torch.nn.Identity(), base=None, found_base=None, facts={}, imgsz=64, request=asked
    )


def test_a_check_compares_in_float32(usual, no_base):
    seen = []
    run_check(RunnableCheck(lambda subject: seen.append(_how()) or passed("seen"), latency.RULES), no_base)
    assert seen == [_IN_FLOAT32]


def test_a_check_starts_so_whatever_the_one_before_has_set(usual, no_base):
    def change(subject):
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
        return passed("changed")

    run_check(RunnableCheck(change, latency.RULES), no_base)
    assert _how() == _IN_FLOAT32


def test_times_are_measured_as_torch_computes_for_a_user(usual, no_base, monkeypatch):
    seen = []

    def measure(models, side):
        seen.append(_how())
        raise RuntimeError("seen")

    monkeypatch.setattr(latency, "measure_latency", measure)
    run_check(RunnableCheck(latency.check, latency.RULES), no_base)
    assert seen == [usual]
    assert _how() == _IN_FLOAT32
