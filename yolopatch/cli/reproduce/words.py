"""The result lines of `reproduce`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR
from yolopatch.cli.layout import badge, command, pairs, table
from yolopatch.wire.statuses import FAIL, PASS

if TYPE_CHECKING:
    from yolopatch.core.reproduce.reproduction import Measured
    from yolopatch.steps.reproduce.reproduction import Reproduction
    from yolopatch.steps.reproduce.run_summary import RunSummary

_AGREES = {True: "as expected", False: "NOT as expected", None: "-"}


def reproduction(found: Reproduction) -> Iterator[str]:
    """Yield the files in the folder and what was measured of its model."""
    from yolopatch.steps.reproduce.repeat import run_command  # imported late: --help does not need it
    from yolopatch.steps.reproduce.run_plan import RunRequest

    record = found.record
    fixed = ", ".join([record.pin, *(patch.name for patch in record.fix_patches)])
    yield click.style(record.tutorial, bold=True) + f"  {record.flavor}, {fixed}"
    yield from pairs(
        [
            ("folder", found.folder),
            ("commit", record.commit),
            ("cfg", found.cfg.relative_to(found.folder)),
            ("script", found.script.relative_to(found.folder)),
            ("read", found.page.relative_to(found.folder)),
        ]
    )
    if found.measured:
        yield from _measured(found.measured)
    yield f"  train it: {run_command(replace(found.asked, dest=found.folder), RunRequest())}"


def _measured(measured: Measured) -> Iterator[str]:
    verify: Mapping[str, Any] = measured.verify
    passed = sum(check["status"] == PASS for check in verify["checks"])
    verdict = click.style(verify["verdict"], fg="red" if verify["verdict"] == FAIL else "green")
    yield from pairs([("verify", f"{verdict}, {passed} of {len(verify['checks'])} checks pass")])
    for check in verify["checks"]:
        if check["status"] == FAIL:
            yield f"            {check['id']}: {check['summary']}"
    rows = [
        (scale, f"{one.parameters:,}", f"{one.gflops_upstream}", f"{one.gflops_true:.1f}")
        for scale, one in measured.figures.items()
    ]
    yield from table(("scale", "parameters", "GFLOPs (thop)", "GFLOPs (true)"), rows, left=1)


def run(found: RunSummary) -> Iterator[str]:
    """Yield what was expected of a run next to what was found."""
    from yolopatch.steps.reproduce.repeat import run_command  # imported late: --help does not need it
    from yolopatch.steps.reproduce.run_plan import RunRequest

    trained = found.trained
    colour = "yellow" if found.is_dead else "green" if found.as_expected else "red"
    yield f"{badge(found.verdict, colour)}  {trained.folder}"
    rows = [(one.name, one.expected, one.found, _AGREES[one.agrees]) for one in found.comparisons]
    yield from table(("", "expected", "found", ""), rows, left=4)
    yield from (f"  {one.name}: {one.why}" for one in found.comparisons if one.why)
    yield from pairs([("weights", trained.weights), ("summary", found.page), ("curves", found.curves)])
    record = trained.reproduction.record
    if found.is_dead and record.flavor == TUTORIAL_FLAVOR:
        other = replace(trained.reproduction.asked, flavor=FLAVORS[0], dest=None)
        yield from pairs([("next", command(run_command(other, RunRequest(quick=trained.plan.quick))))])
    if trained.plan.differences:
        yield "  different from the post:"
        yield from (f"    {line}" for line in trained.plan.differences)
