"""The result lines of `verify`: the verdict, then the failures and warnings, then all checks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli.layout import comparison_row, latency_rows, table
from yolopatch.cli.verify.page.figures import part_run
from yolopatch.core.language.spoken import Finished, spoken, titled
from yolopatch.core.text import cells_of
from yolopatch.core.wrapping import wrap
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.statuses import FAIL, PASS, SKIP, WARN

if TYPE_CHECKING:
    from yolopatch.outside.probe.run_checks import Outcome
    from yolopatch.steps.verify.verify import Verification, Verifications

_COLOURS = {PASS: "green", WARN: "yellow", FAIL: "red", SKIP: "cyan"}
_WORDS = {
    FAIL: ("failed", "failed"),
    PASS: ("passed", "passed"),
    WARN: ("warning", "warnings"),
    SKIP: ("skipped", "skipped"),
}
_LEAST_WIDTH, _MOST_WIDTH = 30, 100
_ROOMY = 60  # cells: in fewer, a summary has lines of its own


def verification(found: Verification | Verifications, page: Path | None) -> Iterator[str]:
    """Yield what `verify` found at one scale or at several; `page` is the HTML report, if one was written."""
    from yolopatch.steps.verify.verify import Verification

    width = shutil.get_terminal_size((100, 24)).columns
    if not isinstance(found, Verification) and len(found.runs) > 1:
        yield from _overview(found)
    for run in (found,) if isinstance(found, Verification) else found.runs:
        yield from _opening(run, width)
        yield from _figures(run.data())
        yield from _check_table(run.checks, width)
    if page:
        yield f"report: {page}"


def _overview(found: Verifications) -> Iterator[str]:
    """Yield one line for the file and one for each scale."""
    failed = [run.scale for run in found.runs if run.verdict == FAIL]
    result = f"{len(failed)} of {len(found.runs)} scales failed: {', '.join(failed)}" if failed else "all scales passed"
    part = part_run(len(found.runs[0].checks), len(CHECKS))
    yield _badged(found.verdict, found.cfg.name, f"{result}{f'; {part}' if part else ''}")
    for run in found.runs:
        yield f"  {run.scale}  {_painted(f'{run.verdict:<4}', run.verdict)}  {_tally(run.checks)}"


def _opening(found: Verification, width: int) -> Iterator[str]:
    """Yield the verdict, then each failure with the next step, then each warning."""
    yield _badged(found.verdict, _named(found.cfg.name, found.scale), _tally(found.checks))
    for patch in found.fix_patches:
        yield f"  with {patch.what}: {patch.effect}"
    for status in (FAIL, WARN):
        for check in found.checks:
            if check.status == status:
                yield from _finding(check, _fitted(width))


def _finding(check: Outcome, width: int) -> Iterator[str]:
    lines = _wrapped(f"{check.id}: {spoken().translate(check.summary)}", width, "  ", "    ")
    yield Finished(lines[0].replace(f"{check.id}: ", _painted(check.id, check.status) + ": ", 1))
    yield from lines[1:]
    if check.hint:
        yield from _wrapped(titled("next:", check.hint), width, "    ", "          ")


def _figures(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of the measured figures: the model next to its base model."""
    base = found["base"] or {}
    flops, base_flops = found["gflops"], base.get("gflops") or {}
    rows = [
        comparison_row("layers", found["layers"], base.get("layers")),
        comparison_row("parameters", found["parameters"], base.get("parameters")),
        comparison_row("gradients", found["gradients"], base.get("gradients")),
        comparison_row("GFLOPs as upstream prints (thop)", flops["upstream"], base_flops.get("upstream"), "{:.2f}"),
        comparison_row("true GFLOPs (torch dispatcher)", flops["true"], base_flops.get("true"), "{:.2f}"),
        *latency_rows(found, base),
    ]
    measured = [row for row in rows if row[1:3] != ("-", "-")]
    if measured:
        yield from table((f"at {found['imgsz']} px", "model", "base", "change"), measured, left=1)


def _check_table(checks: Sequence[Outcome], width: int) -> Iterator[str]:
    """Yield each check: status, id, seconds, and the summary in the rest of the width."""
    names = max(len(check.id) for check in checks)
    for check in checks:
        status = spoken().translate(check.status)
        head = f"  {status}{' ' * (4 - cells_of(status))}  {check.id:<{names}}  {check.seconds:6.1f} s  "
        summary = spoken().translate(check.summary)
        if width < _ROOMY:
            lines = [Finished(head.rstrip()), *_wrapped(summary, _fitted(width), "    ", "    ")]
        else:
            lines = _wrapped(summary, _fitted(width), head, " " * cells_of(head))
        yield Finished(lines[0].replace(status, _painted(status, check.status), 1))
        yield from lines[1:]


def _badged(verdict: str, model: str, told: str) -> str:
    """Return the line of a verdict, which is painted; what is said is translated alone: a name fits to any message."""
    badge = click.style(spoken().translate(verdict.upper()), fg=_COLOURS[verdict], bold=True)
    said = spoken().translate(told)
    return f"{badge} {model}{', ' if said.isascii() else '，'}{said}"


def _named(model: str, scale: str) -> str:
    """Return a model's name with its scale, which is set apart as the language does it."""
    said = spoken().translate(f"scale {scale}")
    if not scale:
        return model
    return f"{model} at {scale}" if said.isascii() else f"{model}（{said}）"


def _painted(text: str, status: str) -> str:
    return click.style(text, fg=_COLOURS[status])


def _tally(checks: Sequence[Outcome]) -> str:
    """Return how many checks ended how; where not all were run, that comes first: a part of them proves less."""
    counts = {status: sum(check.status == status for check in checks) for status in _WORDS}
    told = {status: f"{count} {_WORDS[status][count > 1]}" for status, count in counts.items() if count}
    part = part_run(len(checks), len(CHECKS))
    if part:
        return f"{part}: {', '.join(told.values())}"
    if counts[FAIL]:
        told[FAIL] = f"{counts[FAIL]} of {len(checks)} checks failed"
        return ", ".join(told.values())
    return f"{len(checks)} checks: {', '.join(told.values())}"


def _fitted(width: int) -> int:
    return min(max(width, _LEAST_WIDTH), _MOST_WIDTH)


def _wrapped(text: str, width: int, first: str, others: str) -> list[Finished]:
    """Return the text as lines; control characters are escaped, so the terminal does not obey them."""
    clean = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
    return wrap(clean, width, first, others) or [Finished(first.rstrip())]
