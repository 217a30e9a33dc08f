"""How long a layer takes, and how much memory, beside the convolution that it stands for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn as nn

from gpu.layer_cases import Case
from gpu.layer_checks import folded, training_step, with_norm

_BLOCK = 0.004  # seconds that one reading takes at least, on a GPU: a launch takes some microseconds
_SECONDS = {"cuda": 1.0, "cpu": 0.5}  # for all rounds of one comparison
_LEAST_ROUNDS = 5

Work = Callable[[], object]


def predict_one(case: Case) -> str:
    """One image, folded."""
    return _compared(case, *_predicting(case, 1, torch.float32))


def predict_batch(case: Case) -> str:
    """A batch, folded."""
    return _compared(case, *_predicting(case, case.size.batch, torch.float32))


def predict_half(case: Case) -> str:
    """A batch in float16, folded."""
    return _compared(case, *_predicting(case, case.size.batch, torch.float16))


def train_step(case: Case) -> str:
    """One step of training, with BatchNorm and activation; on a GPU under autocast."""
    return _compared(case, *_training(case))


def memory(case: Case) -> str:
    """The peak of what torch holds during one step of training and one prediction, beyond what lay there before."""
    steps = _peaks(lambda layer: _trainer(case, layer), case.layer, lambda: case.conv(bias=False))
    runs = _peaks(
        lambda layer: _predictor(case, layer, case.size.batch, torch.float32),
        lambda: folded(case),
        lambda: case.conv(bias=True),
    )
    texts = [f"{what} {layer:.1f} MiB against {conv:.1f}" for what, (layer, conv) in (("step", steps), ("eval", runs))]
    return ", ".join(texts)


COSTS: dict[str, Callable[[Case], str]] = {
    "latency, 1 image": predict_one,
    "latency, batch": predict_batch,
    "latency, batch, float16": predict_half,
    "training step": train_step,
    "memory": memory,
}
ONLY_ON_A_GPU = ("latency, batch, float16", "memory")  # a CPU computes float16 slowly, and torch counts no memory there


def _predicting(case: Case, batch: int, dtype: torch.dtype) -> tuple[Work, Work]:
    return tuple(_predictor(case, layer, batch, dtype) for layer in (folded(case), case.conv(bias=True)))  # type: ignore


def _predictor(case: Case, layer: nn.Module, batch: int, dtype: torch.dtype) -> Work:
    layer = layer.to(case.device, dtype).eval()
    x = case.images(batch=batch).to(case.device, dtype)

    def work() -> object:
        with torch.no_grad():
            return layer(x)

    return work


def _training(case: Case) -> tuple[Work, Work]:
    return _trainer(case, case.layer()), _trainer(case, case.conv(bias=False))


def _trainer(case: Case, layer: nn.Module) -> Work:
    net = with_norm(layer, case.size.outputs).to(case.device).train()
    return training_step(net, case.images().to(case.device), None if case.device == "cpu" else torch.float16)


def _compared(case: Case, layer: Work, conv: Work) -> str:
    """Time both in turn, warm; medians and quartiles, and the median of the rounds' ratios."""
    kind = torch.device(case.device).type
    repeats = [_repeats(kind, work) for work in (layer, conv)]
    rounds: list[list[float]] = []
    end = time.perf_counter() + _SECONDS[kind]
    while len(rounds) < _LEAST_ROUNDS or time.perf_counter() < end:
        rounds.append([_seconds(kind, work, number) / number for work, number in zip((layer, conv), repeats)])
    ours, theirs = ([seconds[n] for seconds in rounds] for n in (0, 1))
    ratio = statistics.median(seconds[0] / seconds[1] for seconds in rounds)
    return f"{_times(ours)} against {_times(theirs)}: {ratio:.2f} times"


def _repeats(kind: str, work: Work) -> int:
    """Return how often work is done for one reading, after warming up."""
    for _ in range(3):
        _seconds(kind, work, 1)
    return 1 if kind == "cpu" else max(1, int(_BLOCK / _seconds(kind, work, 1)))


def _seconds(kind: str, work: Work, number: int) -> float:
    _wait(kind)
    start = time.perf_counter()
    for _ in range(number):
        work()
    _wait(kind)
    return time.perf_counter() - start


def _wait(kind: str) -> None:
    if kind == "cuda":
        torch.cuda.synchronize()


def _times(seconds: list[float]) -> str:
    low, median, high = (1e3 * value for value in statistics.quantiles(seconds, n=4, method="inclusive"))
    return f"{median:.3f} ms ({low:.3f} to {high:.3f})"


def _peaks(
    worker: Callable[[nn.Module], Work], layer: Callable[[], nn.Module], conv: Callable[[], nn.Module]
) -> tuple[float, float]:
    return _peak(worker, layer), _peak(worker, conv)


def _peak(worker: Callable[[nn.Module], Work], make: Callable[[], nn.Module]) -> float:
    """Return the MiB that a second piece of work takes at most beyond what lies there, the first having warmed up."""
    work = worker(make())
    work()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 2**20
