"""How long models take for one image, as built and fused, measured in turn so that all see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor

from ...wire.facts import Latency, Times
from ..build.fusing import fuse
from ..tensors.models import UpstreamModel
from ..tensors.tensors import image

_ROUNDS = 9  # at most: the median of nine is steady where the machine is
_LEAST_ROUNDS = 3  # the fewest with a median and quartiles
_BUDGET = 2.5  # seconds for all rounds; the large scales on a CPU get the fewest rounds

Name = TypeVar("Name")


def measure_latency(models: Mapping[Name, UpstreamModel], side: int) -> dict[Name, Latency]:
    """Return the latency of each model for one square image; the models are not changed.

    After one forward to warm up, each round runs every model once, as built and then fused.

    Args:
        models: the models by name, in eval mode on their device.
        side: side of the image in pixels.
    """
    takers: dict[tuple[Name, bool], UpstreamModel] = {}
    failures = dict.fromkeys(models, "")
    for name, model in models.items():
        takers[name, False] = model
        try:
            takers[name, True] = fuse(deepcopy(model))
        except Exception as error:  # the model's code may raise anything; who asked shows it
            failures[name] = f"{type(error).__name__}: {error}"
    seconds = _timed(takers, side)
    found = {}
    for name, model in models.items():
        fused = seconds.get((name, True))
        rounds = len(seconds[name, False])
        times = _times(seconds[name, False]), _times(fused) if fused else None
        found[name] = Latency(*times, failures[name], rounds, *_hardware(next(model.parameters()).device))
    return found


@torch.no_grad()
def _timed(models: Mapping[tuple[Name, bool], UpstreamModel], side: int) -> dict[tuple[Name, bool], list[float]]:
    """Return the seconds of each round by name; a round is one forward of each model."""
    inputs = {name: image(model, side) for name, model in models.items()}
    times: dict[tuple[Name, bool], list[float]] = {name: [] for name in models}
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


def _times(seconds: Sequence[float]) -> Times:
    low, median, high = statistics.quantiles((1e3 * s for s in seconds), n=4, method="inclusive")
    return Times(median=round(median, 2), low=round(low, 2), high=round(high, 2))


def _hardware(device: torch.device) -> tuple[str, int | None]:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device), None
    return device.type, torch.get_num_threads()
