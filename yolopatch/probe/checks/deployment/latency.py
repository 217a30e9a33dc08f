"""`latency`: how long one image takes, beside the base model's. It measures; it never fails."""

import statistics
import time

import torch

from ...protocol.findings import passed
from ...tensors.tensors import image
from ..rules import Rules

_ROUNDS = 9  # the most: the median of nine is steady where the machine is
_LEAST_ROUNDS = 3  # of which a median and quartiles can be told
_BUDGET = 2.5  # seconds for all rounds; the large scales on a CPU get the least rounds
_HOW = "batch 1, eval, no_grad, as built (not fused), model and base in turn in one process"


RULES = Rules(asks_base=False)


def check(subject):
    """Time the model's forward at the real image size, and the base's in turn, after one warm-up each."""
    models = {"model": subject.model, "base": subject.base}
    times = _timed({name: model for name, model in models.items() if model is not None}, subject.imgsz)
    figures = {name: _figures(taken) for name, taken in times.items()}
    for name, figure in figures.items():
        subject.facts.setdefault(name, {})["latency_ms"] = figure
    where = _where(subject.device)
    evidence = {"imgsz": subject.imgsz, "rounds": len(times["model"]), **where, "how": _HOW, **figures}
    if "base" not in figures:
        return passed(f"{_words(figures['model'])} an image; there is no base to compare with", **evidence)
    ratio = round(figures["model"]["median"] / figures["base"]["median"], 3)
    return passed(
        f"{_words(figures['model'])} an image, the base {_words(figures['base'])}: {ratio:.2f} times",
        ratio=ratio,
        **evidence,
    )


@torch.no_grad()
def _timed(models, side):
    """Return the seconds of each round by name, one forward of each model a round."""
    inputs = {name: image(model, side) for name, model in models.items()}
    times = {name: [] for name in models}
    for name, model in models.items():
        _seconds(model, inputs[name])
    begun = time.perf_counter()
    for done in range(_ROUNDS):
        if done >= _LEAST_ROUNDS and time.perf_counter() - begun > _BUDGET:
            break
        for name, model in models.items():
            times[name].append(_seconds(model, inputs[name]))
    return times


def _seconds(model, x):
    """Seconds of one forward, to the end of the work on a GPU."""
    _wait(x)
    begun = time.perf_counter()
    model(x)
    _wait(x)
    return time.perf_counter() - begun


def _wait(x):
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


def _figures(seconds):
    """Milliseconds: the median and the quartiles beside it."""
    low, median, high = statistics.quantiles((1e3 * s for s in seconds), n=4, method="inclusive")
    return {"median": round(median, 2), "low": round(low, 2), "high": round(high, 2)}


def _words(figure):
    return f"{figure['median']:.1f} ms ({figure['low']:.1f} to {figure['high']:.1f})"


def _where(device):
    if device.type == "cuda":
        return {"device": torch.cuda.get_device_name(device)}
    return {"device": "cpu", "threads": torch.get_num_threads()}
