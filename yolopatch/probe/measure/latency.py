"""How long models take for one image, as built and fused, measured in turn so that all see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from ...wire.facts import Latency, Times
from ..build.fusing import fuse
from ..tensors.models import UpstreamModel
from ..tensors.tensors import image

_LEAST_ROUNDS = 3  # the fewest with a median and quartiles

Name = TypeVar("Name")


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: at most.
        seconds: for all rounds; no round begins after it, but for the fewest. The large scales on a CPU get these.
        warm_ups: forwards of each model before the first round.
    """

    rounds: int
    seconds: float
    warm_ups: int


_QUICK = Effort(rounds=9, seconds=2.5, warm_ups=1)  # the median of nine is steady where the machine is


def measure_latency(models: Mapping[Name, UpstreamModel], side: int) -> dict[Name, Latency]:
    """Return the latency of each model for one square image; the models are not changed.

    After one forward to warm up, each round runs every model once, as built and then fused.

    Args:
        models: the models by name, in eval mode on their device.
        side: side of the image in pixels.
    """
    fused_models, failures = fused_copies(models)
    takers: dict[tuple[Name, bool], UpstreamModel] = {}
    for name, model in models.items():
        takers[name, False] = model
        if name in fused_models:
            takers[name, True] = fused_models[name]
    seconds = time_in_turn(takers, side, _QUICK)
    found = {}
    for name, model in models.items():
        fused = seconds.get((name, True))
        rounds = len(seconds[name, False])
        times = times_of(seconds[name, False]), times_of(fused) if fused else None
        found[name] = Latency(*times, failures.get(name, ""), rounds, *hardware_of(next(model.parameters()).device))
    return found


def fused_copies(models: Mapping[Name, UpstreamModel]) -> tuple[dict[Name, UpstreamModel], dict[Name, str]]:
    """Return a fused copy of each model, and for each that upstream's fuse() failed for, why."""
    fused: dict[Name, UpstreamModel] = {}
    failures: dict[Name, str] = {}
    for name, model in models.items():
        try:
            fused[name] = fuse(deepcopy(model))
        except Exception as error:  # the model's code may raise anything; who asked shows it
            failures[name] = f"{type(error).__name__}: {error}"
    return fused, failures


@torch.no_grad()
def time_in_turn(
    models: Mapping[Name, UpstreamModel], side: int, effort: Effort, batch: int = 1
) -> dict[Name, list[float]]:
    """Return the seconds of each round by name; a round is one forward of each model.

    Args:
        models: the models by name, in eval mode on their device.
        side: side of the square images in pixels.
        effort: how often.
        batch: images in a forward.
    """
    inputs = {name: image(model, side, batch) for name, model in models.items()}
    times: dict[Name, list[float]] = {name: [] for name in models}
    for _ in range(effort.warm_ups):
        for name, model in models.items():
            _seconds(model, inputs[name])
    begun = time.perf_counter()
    for done in range(effort.rounds):
        if done >= _LEAST_ROUNDS and time.perf_counter() - begun > effort.seconds:
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


def times_of(seconds: Sequence[float]) -> Times:
    """Return the median and the quartiles of the seconds of all rounds."""
    low, median, high = statistics.quantiles((1e3 * s for s in seconds), n=4, method="inclusive")
    return Times(median=round(median, 2), low=round(low, 2), high=round(high, 2))


def hardware_of(device: torch.device) -> tuple[str, int | None]:
    """Return the name of the device for readers, and torch's number of threads; None on a GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device), None
    return device.type, torch.get_num_threads()
