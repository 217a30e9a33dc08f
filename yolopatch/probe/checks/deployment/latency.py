"""How long does one image take, compared with the base model? This check measures; it never fails."""

from __future__ import annotations

from typing import Any

from ....wire.facts import Latency, Times
from ...build.subject import Subject
from ...measure.latency import measure_latency
from ...protocol.findings import Finding, passed
from ...tensors.arithmetic import as_usual
from ..rules import Rules
from ..wording import NO_BASE

_HOW = "batch 1, eval, no_grad; model and base, as built and fused, in turn in one process"

RULES = Rules(asks_base=False)


def check(subject: Subject) -> Finding:
    """Time the model at the real image size, as built and fused, and the base in turn."""
    models = {"model": subject.model, "base": subject.base}
    with as_usual():
        found = measure_latency({name: model for name, model in models.items() if model is not None}, subject.imgsz)
    for name, latency in found.items():
        subject.facts.setdefault(name, {}).update(latency.data())
    model, base = found["model"], found.get("base")
    summary = f"{_text(model)} for an image, {_text_fused(model)}"
    if base is None:
        return passed(f"{summary}; {NO_BASE} to compare with", **_evidence(subject, found))
    ratios = {"ratio": _ratio(model.as_built, base.as_built)}
    told = f"{ratios['ratio']:.2f} times the base's {base.as_built.median:.1f} ms"
    if model.fused and base.fused:
        ratios["fused_ratio"] = _ratio(model.fused, base.fused)
        told += f", fused {ratios['fused_ratio']:.2f} times its {base.fused.median:.1f} ms"
    return passed(f"{summary}: {told}", **ratios, **_evidence(subject, found))


def _ratio(times: Times, base: Times) -> float:
    return round(times.median / base.median, 3)


def _text(latency: Latency) -> str:
    times = latency.as_built
    return f"{times.median:.1f} ms ({times.low:.1f} to {times.high:.1f})"


def _text_fused(latency: Latency) -> str:
    if latency.fused is None:
        return f"and fuse() failed ({latency.failure})"
    return f"{latency.fused.median:.1f} ms fused ({latency.fused.fps:.1f} images per second)"


def _evidence(subject: Subject, found: dict[str, Latency]) -> dict[str, Any]:
    model = found["model"]
    machine = {"device": model.hardware, **({} if model.threads is None else {"threads": model.threads})}
    figures = {name: latency.data() for name, latency in found.items()}
    return {"imgsz": subject.imgsz, "rounds": model.rounds, **machine, "how": _HOW, **figures}
