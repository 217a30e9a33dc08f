"""Figures of a model next to its base model's, as bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from yolopatch.cli.verify.page import figures
from yolopatch.cli.verify.page.reading import as_object, figure


class Latency(NamedTuple):
    """Milliseconds of a forward pass; None if not measured."""

    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Bar:
    """A bar: its length in percent of the longest, and the start and end of its spread, if it has one."""

    who: str
    text: str
    own: bool
    length: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Metric:
    """One figure of the model and of the base model; `value` is the model's number alone, "" where it has none."""

    name: str
    method: str
    amount: str
    value: str
    change: str
    bars: tuple[Bar, ...]

    @property
    def change_value(self) -> str:
        """The change for programs."""
        return self.change.replace("\N{MINUS SIGN}", "-")


def make_metrics(raw: Mapping[str, Any], base: Mapping[str, Any]) -> Iterable[Metric]:
    """Yield each figure that the model or its base model has; `base` is empty without a base model."""
    flops, base_flops = as_object(raw.get("gflops")), as_object(base.get("gflops"))
    listed = (
        ("Parameters", "", raw.get("parameters"), base.get("parameters"), figures.count),
        ("True GFLOPs", "torch dispatcher", flops.get("true"), base_flops.get("true"), figures.gflops),
        ("GFLOPs as upstream prints", "thop", flops.get("upstream"), base_flops.get("upstream"), figures.gflops),
    )
    for name, method, own, other, words in listed:
        pair = figure(own), figure(other)
        if pair != (None, None):
            yield _metric(name, method, pair, words)
    for name, key in (("Latency, as built", "latency_ms"), ("Latency, fused", "latency_fused_ms")):
        latencies = _latency(raw, key), _latency(base, key)
        if any(one.median is not None for one in latencies):
            yield _latency_metric(name, *latencies)
    pair = _fused_fps(raw), _fused_fps(base)
    if pair != (None, None):
        yield _metric("Images per second (FPS), fused", "one at a time", pair, figures.rate)


def _metric(
    name: str, method: str, pair: tuple[float | None, float | None], words: Callable[[float | None], str]
) -> Metric:
    largest = max(value for value in pair if value is not None)
    bars = (Bar(_who(own), words(value), own, figures.share(value, largest)) for own, value in zip((True, False), pair))
    return Metric(name, method, words(pair[0]), figures.bare(pair[0]), figures.change(*pair), tuple(bars))


def _who(own: bool) -> str:
    return "this model" if own else "base"


def _fused_fps(raw: Mapping[str, Any]) -> float | None:
    return figure(as_object(raw.get("fps")).get("fused"))


def _latency(raw: Mapping[str, Any], key: str) -> Latency:
    measured = as_object(raw.get(key))
    return Latency(*(figure(measured.get(name)) for name in Latency._fields))


def _latency_metric(name: str, own: Latency, base: Latency) -> Metric:
    largest = max(value for value in (*own, *base) if value is not None)
    return Metric(
        name=name,
        method="median of the forward pass for one image, and quartiles",
        amount=figures.milliseconds(own.median),
        value=figures.bare(own.median),
        change=figures.change(own.median, base.median),
        bars=(_latency_bar(True, own, largest), _latency_bar(False, base, largest)),
    )


def _latency_bar(own: bool, latency: Latency, largest: float) -> Bar:
    text, length = figures.milliseconds(latency.median), figures.share(latency.median, largest)
    if latency.low is None or latency.high is None:
        return Bar(_who(own), text, own, length)
    spread = f"{text} ({figures.interval(latency.low, latency.high)})"
    ends = figures.share(latency.low, largest), figures.share(latency.high, largest)
    return Bar(_who(own), spread, own, length, *ends)
