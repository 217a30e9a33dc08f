"""How long does one image take, compared with the base model? This check measures; it never fails."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...build.subject import Subject
from ...protocol.findings import Finding, passed
from ...tensors.models import UpstreamModel
from ...tensors.tensors import image
from ..rules import Rules
from ..wording import NO_BASE

_ROUNDS = 9  # at most: the median of nine is steady where the machine is
_LEAST_ROUNDS = 3  # the fewest with a median and quartiles
_BUDGET = 2.5  # seconds for all rounds; the large scales on a CPU get the fewest rounds
_HOW = "batch 1, eval, no_grad, as built (not fused), model and base in turn in one process"

RULES = Rules(asks_base=False)


def check(subject: Subject) -> Finding:
    """Time the model's forward at the real image size, and the base's in turn, after one warm-up each."""
    models = {"model": subject.model, "base": subject.base}
    times = _timed({name: model for name, model in models.items() if model is not None}, subject.imgsz)
    figures = {name: _figures(seconds) for name, seconds in times.items()}
    for name, figure in figures.items():
        subject.facts.setdefault(name, {})["latency_ms"] = figure
    machine = _machine(subject.device)
    evidence = {"imgsz": subject.imgsz, "rounds": len(times["model"]), **machine, "how": _HOW, **figures}
    if "base" not in figures:
        return passed(f"{_text(figures['model'])} for an image; {NO_BASE} to compare with", **evidence)
    ratio = round(figures["model"]["median"] / figures["base"]["median"], 3)
    return passed(
        f"{_text(figures['model'])} for an image, the base {_text(figures['base'])}: {ratio:.2f} times the base's",
        ratio=ratio,
        **evidence,
    )


@torch.no_grad()
def _timed(models: Mapping[str, UpstreamModel], side: int) -> dict[str, list[float]]:
    """Return the seconds of each round by name; a round is one forward of each model."""
    inputs = {name: image(model, side) for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for name, model in models.items():
        _seconds(model, inputs[name])
    begun = time.perf_counter()
    for done in range(_ROUNDS):
        if done >= _LEAST_ROUNDS and time.perf_counter() - begun > _BUDGET:
            break
        for name, model in models.items():
            times[name].append(_seconds(model, inputs[name]))
    return times


def _seconds(model: UpstreamModel, x: Tensor) -> float:
    """Return the seconds of one forward, to the end of the work on a GPU."""
    _wait(x)
    begun = time.perf_counter()
    model(x)
    _wait(x)
    return time.perf_counter() - begun


def _wait(x: Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles in milliseconds."""
    low, median, high = statistics.quantiles((1e3 * s for s in seconds), n=4, method="inclusive")
    return {"median": round(median, 2), "low": round(low, 2), "high": round(high, 2)}


def _text(figure: Mapping[str, float]) -> str:
    return f"{figure['median']:.1f} ms ({figure['low']:.1f} to {figure['high']:.1f})"


def _machine(device: torch.device) -> dict[str, Any]:
    if device.type == "cuda":
        return {"device": torch.cuda.get_device_name(device)}
    return {"device": "cpu", "threads": torch.get_num_threads()}
