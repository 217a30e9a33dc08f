"""The result lines of `yolopatch` without a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.layout import badge, command, indented, pairs

if TYPE_CHECKING:
    from yolopatch.outside.workspace.verdict import LastVerdict
    from yolopatch.steps.here.here import Here, WorkspaceHere
    from yolopatch.steps.here.last_run import LastRun

_MOST_FOUND = 8  # lines


def here(found: Here) -> Iterator[str]:
    """Yield where the user is, and the next sensible command."""
    if found.workspace:
        yield from _workspace(found, found.workspace)
    else:
        yield click.style("no workspace in this folder, and none around it", bold=True)
    yield from pairs((one.kind, one.path) for one in found.found[:_MOST_FOUND])
    if len(found.found) > _MOST_FOUND:
        yield f"  and {len(found.found) - _MOST_FOUND} more: yolopatch --json lists them"
    yield from pairs([("next", command(found.next.command))])
    yield from indented(found.next.why, " " * 12)
    yield click.style("every command: yolopatch --help", dim=True)


def _workspace(found: Here, workspace: WorkspaceHere) -> Iterator[str]:
    yield badge("clean", "green") if workspace.clean else badge("changed by you", "yellow")
    modules = (f"{one.name} ({flavor_word(one.name, one.flavor)})" for one in workspace.modules)
    yield from pairs(
        [
            ("workspace", workspace.path),
            ("pin", workspace.pin),
            ("modules", ", ".join(modules) or "no module"),
            ("commit", workspace.commit),
            *(_verdict(found.verified, found.is_current) if found.verified else [("verified", "not yet")]),
            ("trained", _run(found.run, workspace.path) if found.run else "not yet"),
        ]
    )


def _verdict(verdict: LastVerdict, is_current: bool) -> Iterator[tuple[str, str]]:
    scale = f" ({verdict.scale})" if verdict.scale else ""
    name, day = f"{Path(verdict.cfg).name}{scale}", verdict.date.partition("T")[0]
    yield "verified", f"{verdict.verdict} for {name}, {verdict.ran} of {verdict.of} checks, on {day}"
    if verdict.failed:
        yield "failed", ", ".join(verdict.failed)
    if not is_current:
        yield "", "another commit was checked out then"


def _run(run: LastRun, workspace: Path) -> str:
    told = f"{run.folder.relative_to(workspace)}: {run.epochs} epoch{'s' if run.epochs != 1 else ''}"
    if run.mAP50 is None or run.mAP50_95 is None:
        return told
    return f"{told}, mAP50 {run.mAP50:.3f}, mAP50-95 {run.mAP50_95:.3f}"
