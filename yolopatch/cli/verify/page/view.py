"""Make the content of the page from the output of `verify --json`, which may be incomplete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES
from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.verify.page import figures
from yolopatch.cli.verify.page.evidence import Shown, show
from yolopatch.cli.verify.page.layers import Layer, make_layers
from yolopatch.cli.verify.page.metrics import Metric, make_metrics
from yolopatch.cli.verify.page.reading import as_list, as_object, as_text, figure
from yolopatch.cli.verify.page.vocabulary import vocabulary_of
from yolopatch.wire import shell
from yolopatch.wire.checks import CHECKS

STATUSES = {"fail": "failed", "warn": "warning", "skip": "skipped", "pass": "passed"}
_UNKNOWN = "skip"  # the look of an unknown status: it must not look like a pass
_OF_TIME = ("date", "seconds")
_CALLED = {"python": "Python"}
_MEANS = {check.id: check.means for check in CHECKS}


@dataclass(frozen=True)
class Check:
    """One check; `evidence` is None if it has none."""

    id: str
    anchor: str
    status: str
    label: str
    means: str
    summary: str
    hint: str
    seconds: str
    evidence: Shown | None


@dataclass(frozen=True)
class Run:
    """One model at one scale."""

    scale: str
    anchor: str
    verdict: str
    tally: tuple[tuple[str, str], ...]
    part: str
    seconds: str
    base: str
    tiles: tuple[tuple[str, str], ...]
    metrics: tuple[Metric, ...]
    layers: tuple[Layer, ...]
    total: Layer | None
    checks: tuple[Check, ...]

    @property
    def title(self) -> str:
        """The head of its part of the page."""
        return f"Scale {self.scale}" if self.scale else "Scale not given"

    @property
    def verdict_word(self) -> str:
        """Its verdict in a word."""
        return STATUSES[self.verdict]

    @property
    def comparison(self) -> str:
        """The head of its figures."""
        return "Compared with the base model" if self.base else "Figures"

    @property
    def layers_label(self) -> str:
        """The name of the layer table."""
        return f"Layer table of scale {self.scale}" if self.scale else "Layer table"

    @property
    def layers_summary(self) -> str:
        """How many layers there are, and how many of them are replaced."""
        return f"{len(self.layers)} layers, {sum(layer.replaced for layer in self.layers)} of them replaced"

    @property
    def findings(self) -> tuple[Check, ...]:
        """The failures, then the warnings."""
        return tuple(c for status in ("fail", "warn") for c in self.checks if c.status == status)

    def metric(self, name: str) -> Metric | None:
        """Return the metric with this name, None if this run lacks it."""
        return next((m for m in self.metrics if m.name == name), None)

    def check(self, name: str) -> Check | None:
        """Return the check with this id, None if this run lacks it."""
        return next((c for c in self.checks if c.id == name), None)


@dataclass(frozen=True)
class Page:
    """The whole report."""

    file: str
    scales: str
    title: str
    verdict: str
    verdict_word: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    runs: tuple[Run, ...]
    metric_names: tuple[str, ...]
    check_ids: tuple[str, ...]
    identity: tuple[tuple[str, str], ...]
    command: str


def make_page(data: Mapping[str, Any]) -> Page:
    """Return the page of one run, or of runs at several scales (`runs`)."""
    raw = [as_object(run) for run in as_list(data["runs"])] if "runs" in data else [data]
    runs = tuple(_run(run, f"scale-{as_text(run.get('scale')) or number}") for number, run in enumerate(raw))
    shared = {**(raw[0] if raw else {}), **data}
    verdict = _verdict(data.get("verdict"), [run.verdict for run in runs])
    scales = [run.scale for run in runs if run.scale]
    file = PurePath(as_text(shared.get("cfg"))).name or "unnamed file"
    scales_word = f"scale{'s' if len(scales) > 1 else ''} {', '.join(scales)}" if scales else ""
    verdict_word = "Passed" if verdict == "pass" else "Failed"
    return Page(
        file=file,
        scales=scales_word,
        title=f"{verdict_word}: {file}{f', {scales_word}' if scales_word else ''}",
        verdict=verdict,
        verdict_word=verdict_word,
        headline=_headline(verdict, runs),
        facts=_present(
            [
                ("pin", as_text(shared.get("pin"))),
                ("modules", _modules(shared)),
                ("fixes", _fixes(shared)),
                ("date", _date(shared)),
            ]
        ),
        runs=runs,
        metric_names=tuple(dict.fromkeys(metric.name for run in runs for metric in run.metrics)),
        check_ids=tuple(dict.fromkeys(check.id for run in runs for check in run.checks)),
        identity=_identity(shared, scales, _took(raw)),
        command=_command(shared, scales, "runs" in data),
    )


def _run(raw: Mapping[str, Any], anchor: str) -> Run:
    base = as_object(raw.get("base"))
    checks = tuple(_check(as_object(check), anchor) for check in as_list(raw.get("checks")))
    layers, total = make_layers(as_list(raw.get("table")), as_list(base.get("table")))
    return Run(
        scale=as_text(raw.get("scale")),
        anchor=anchor,
        verdict=_verdict(raw.get("verdict"), [check.status for check in checks]),
        tally=_tally(checks),
        part=_part(raw),
        seconds=_in_total(figure(as_object(raw.get("run")).get("seconds"))),
        base=PurePath(as_text(base.get("cfg"))).name or ("the base model" if base else ""),
        tiles=_tiles(raw),
        metrics=tuple(make_metrics(raw, base)),
        layers=layers,
        total=total,
        checks=checks,
    )


def _verdict(given: object, statuses: Sequence[str]) -> str:
    """Return `pass` only if the data says so and no check failed: the page never passes by default."""
    said = given == "pass" or (given is None and bool(statuses))
    return "pass" if said and "fail" not in statuses else "fail"


def _part(raw: Mapping[str, Any]) -> str:
    """Return how many of all checks were run; empty where all were, or where the data does not say."""
    ran = as_object(raw.get("ran"))
    done, known = figure(ran.get("checks")), figure(ran.get("of"))
    return "" if done is None or known is None else figures.part_run(int(done), int(known))


def _headline(verdict: str, runs: Sequence[Run]) -> str:
    """Return what the verdict rests on; where only a part of the checks was run, it says so."""
    part = next((run.part for run in runs if run.part), "")
    return _result(verdict, runs) + (f"; {part}" if part else "")


def _result(verdict: str, runs: Sequence[Run]) -> str:
    if verdict == "pass":
        skipped = sum(check.status == "skip" for run in runs for check in run.checks)
        return "No check failed" + (f"; {skipped} could not run" if skipped else "")
    failed = [run for run in runs if run.verdict == "fail"]
    if failed and len(runs) > 1:
        return f"{len(failed)} of {len(runs)} scales failed: {', '.join(run.scale for run in failed)}"
    number = sum(check.status == "fail" for run in runs for check in run.checks)
    total = sum(len(run.checks) for run in runs)
    return f"{number} of {total} checks failed" if number else "The verification did not finish"


def _tally(checks: Iterable[Check]) -> tuple[tuple[str, str], ...]:
    """Return how many checks ended in which status: the look of each, and its words."""
    statuses = [check.status for check in checks]
    counts = [(status, statuses.count(status)) for status in ("pass", "warn", "fail", "skip") if status in statuses]
    return tuple((status, _counted(status, number)) for status, number in counts) or ((_UNKNOWN, "no check ran"),)


def _counted(status: str, number: int) -> str:
    if status == "warn":
        return f"{number} warning{'s' if number != 1 else ''}"
    return f"{number} {STATUSES[status]}"


def _in_total(took: float | None) -> str:
    return "" if took is None else f"{figures.seconds(took)} in total"


def _check(raw: Mapping[str, Any], anchor: str) -> Check:
    name = as_text(raw.get("id")) or "unnamed"
    status = as_text(raw.get("status"))
    known = status in STATUSES
    evidence = raw.get("evidence")
    return Check(
        id=name,
        anchor=f"{anchor}-{name}",
        status=status if known else _UNKNOWN,
        label=STATUSES[status] if known else f"unknown status {status or 'none'}",
        means=_MEANS.get(name, ""),
        summary=as_text(raw.get("summary")),
        hint=as_text(raw.get("hint")),
        seconds=figures.seconds(figure(raw.get("seconds"))),
        evidence=None if evidence in (None, {}, [], "") else show(evidence, vocabulary_of(name)),
    )


def _tiles(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    flops = as_object(raw.get("gflops"))
    imgsz = figure(raw.get("imgsz"))
    return (
        ("layers", figures.count(figure(raw.get("layers")))),
        ("parameters", figures.count(figure(raw.get("parameters")))),
        ("gradients", figures.count(figure(raw.get("gradients")))),
        ("GFLOPs, true", figures.gflops(figure(flops.get("true")))),
        ("GFLOPs, upstream", figures.gflops(figure(flops.get("upstream")))),
        ("image size", figures.MISSING if imgsz is None else f"{imgsz:.0f} px"),
    )


def _took(raw: Sequence[Mapping[str, Any]]) -> float | None:
    found = [figure(as_object(run.get("run")).get("seconds")) for run in raw]
    return sum(s for s in found if s is not None) if found and None not in found else None


def _identity(shared: Mapping[str, Any], scales: Sequence[str], took: float | None) -> tuple[tuple[str, str], ...]:
    run, imgsz = as_object(shared.get("run")), figure(shared.get("imgsz"))
    return _present(
        [
            ("file", as_text(shared.get("cfg"))),
            ("scale" if len(scales) == 1 else "scales", ", ".join(scales)),
            ("base", as_text(as_object(shared.get("base")).get("cfg"))),
            ("workspace", as_text(shared.get("workspace"))),
            ("pin", as_text(shared.get("pin"))),
            ("commit", as_text(shared.get("commit"))),
            ("modules", _modules(shared)),
            ("fixes", _fixes(shared)),
            ("task", as_text(shared.get("task"))),
            ("image size", "" if imgsz is None else f"{imgsz:.0f} px"),
            ("checks", _asked_checks(shared)),
            *((_CALLED.get(name, name), as_text(value)) for name, value in run.items() if name not in _OF_TIME),
            ("date", _date(shared)),
            ("duration", figures.seconds(took)),
        ]
    )


def _asked_checks(shared: Mapping[str, Any]) -> str:
    asked = as_list(as_object(shared.get("asked")).get("check"))
    return f"selected: {', '.join(map(as_text, asked))}" if asked else "all"


def _command(shared: Mapping[str, Any], scales: Sequence[str], every: bool) -> str:
    """Return the command that repeats this run, with one option on each line."""
    imgsz = figure(shared.get("imgsz"))
    parts = [["yolopatch", "verify", as_text(shared.get("workspace")) or "WORKSPACE"]]
    parts.append(["--cfg", as_text(shared.get("cfg")) or "FILE"])
    if every:
        parts.append(["--all-scales"])
    elif scales:
        parts.append(["--scale", scales[0]])
    if imgsz is not None:
        parts.append(["--imgsz", f"{imgsz:.0f}"])
    for name, value in as_object(shared.get("asked")).items():
        values = as_list(value) if isinstance(value, (list, tuple)) else [value]
        parts.extend([f"--{name}", as_text(one)] for one in values)
    return shell.wrap(parts)


def _modules(shared: Mapping[str, Any]) -> str:
    if not isinstance(shared.get("modules"), (list, tuple)):
        return ""
    named = [as_object(module) for module in shared["modules"]]
    pairs = [(as_text(module.get("name")), as_text(module.get("flavor"))) for module in named]
    return ", ".join(f"{name} ({flavor_word(name, flavor)})" for name, flavor in pairs) or "no module"


def _fixes(shared: Mapping[str, Any]) -> str:
    """Return the fix patches of the workspace and what each does; empty where there is none."""
    had = [patch for patch in FIX_PATCHES if shared.get(patch.name) is True]
    return "; ".join(f"{patch.title}: {patch.effect}" for patch in had)


def _date(shared: Mapping[str, Any]) -> str:
    written = as_text(as_object(shared.get("run")).get("date"))
    return re.sub(r"^([\d-]{10})T", r"\1 ", written).replace("+00:00", " UTC")


def _present(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if value)
