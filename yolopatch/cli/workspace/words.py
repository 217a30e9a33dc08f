"""The result lines of `apply`, `remove` and `status`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.layout import pairs

if TYPE_CHECKING:
    from yolopatch.steps.workspace.change import WorkspaceState
    from yolopatch.steps.workspace.status import Status


def state(found: WorkspaceState) -> Iterator[str]:
    """Yield the lines for a workspace after `apply` or `remove`."""
    verdict = "created" if found.created else "changed" if found.changed else "unchanged"
    yield click.style(verdict, fg="green", bold=True)
    yield from pairs(
        [
            ("workspace", found.workspace),
            ("pin", f"{found.pin}, from {found.source}"),
            ("modules", _modules(found)),
            *_compat(found),
            ("commit", found.commit),
        ]
    )
    for file in found.files:
        removed = f" -{file.removed}" if file.removed else ""
        yield f"  {'+' + str(file.added):>6}{removed}  {file.path}"


def status(found: Status) -> Iterator[str]:
    """Yield what a workspace contains, and which parts are the user's own."""
    yield click.style("clean" if found.clean else "changed by you", fg="green" if found.clean else "yellow")
    yield from pairs(
        [
            ("workspace", found.workspace),
            ("pin", found.pin),
            ("source", found.origin),
            ("modules", _modules(found)),
            *_compat(found),
            ("commit", found.commit),
            ("branch", found.branch or "detached HEAD"),
        ]
    )
    yield from (f"  edited    {name}" for name in found.edited)
    yield from (f"  yours     {commit}" for commit in found.own_commits)
    for obstacle in found.obstacles:
        yield f"  in the way of apply and remove: {obstacle.what}"
        yield f"    next: {obstacle.hint}"
    if found.interrupted:
        yield "  an earlier run was interrupted; the next `yolopatch apply` or `yolopatch remove` finishes it"


def _compat(found: WorkspaceState | Status) -> list[tuple[str, str]]:
    return [("compat", "fixed for newer libraries")] if found.compat else []


def _modules(found: WorkspaceState | Status) -> str:
    named = (f"{module.name} ({flavor_word(module.name, module.flavor)})" for module in found.modules)
    return ", ".join(named) or "no module"
