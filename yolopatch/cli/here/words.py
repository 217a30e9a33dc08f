"""The result lines of `yolopatch` without a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.layout import pairs
from yolopatch.wire.statuses import PASS

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
    yield click.style("next", bold=True) + f"  {found.next.why}"
    yield f"  {found.next.command}"
    yield click.style("every command: yolopatch --help", dim=True)


def _workspace(found: Here, workspace: WorkspaceHere) -> Iterator[str]:
    state = click.style("clean", fg="green") if workspace.clean else click.style("changed by you", fg="yellow")
    yield f"{click.style(str(workspace.path), bold=True)}  {state}"
    modules = (f"{one.name} ({flavor_word(one.name, one.flavor)})" for one in workspace.modules)
    yield from pairs(
        [
            ("pin", workspace.pin),
            ("modules", ", ".join(modules) or "no module"),
            ("commit", workspace.commit),
            ("verified", _verdict(found.verified, found.is_current) if found.verified else "not yet"),
            ("trained", _run(found.run, workspace.path) if found.run else "not yet"),
        ]
    )


def _verdict(verdict: LastVerdict, is_current: bool) -> str:
    word = click.style(verdict.verdict, fg="green" if verdict.verdict == PASS else "red")
    failed = f" ({', '.join(verdict.failed)})" if verdict.failed else ""
    name, scale = Path(verdict.cfg).name, f" at {verdict.scale}" if verdict.scale else ""
    when = verdict.date.partition("T")[0] + ("" if is_current else ", of another commit")
    return f"{word}{failed}: {name}{scale}, {verdict.ran} of {verdict.of} checks, {when}"


def _run(run: LastRun, workspace: Path) -> str:
    folder = run.folder.relative_to(workspace)
    epochs = f"{run.epochs} epoch{'s' if run.epochs != 1 else ''}"
    known = (("mAP50", run.mAP50), ("mAP50-95", run.mAP50_95))
    return ", ".join([f"{folder}: {epochs}", *(f"{name} {value:.3f}" for name, value in known if value is not None)])
