"""The result lines of `apply`, `remove` and `status`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yolopatch.catalog.modules import flavor_word
from yolopatch.cli.layout import badge, command, pairs

if TYPE_CHECKING:
    from yolopatch.steps.workspace.state import WorkspaceState
    from yolopatch.steps.workspace.status import Status


def state(found: WorkspaceState) -> Iterator[str]:
    """Yield the lines for a workspace after `apply` or `remove`."""
    verdict = "created" if found.created else "changed" if found.changed else "unchanged"
    if found.into:
        verdict = f"left on the branch {found.into}; the workspace is as it was"
    yield badge(verdict, "yellow" if found.stopped else "green")
    yield from pairs(
        [
            ("workspace", found.workspace),
            ("pin", f"{found.pin}, from {found.source}"),
            ("modules", _modules(found)),
            *_others(found),
            ("commit", found.commit),
        ]
    )
    for file in found.files:
        removed = f" -{file.removed}" if file.removed else ""
        yield f"  {'+' + str(file.added):>6}{removed}  {file.path}"
    yield from _replayed(found)


def _replayed(found: WorkspaceState) -> Iterator[str]:
    """Yield what became of the user's own commits."""
    for commit in found.replayed:
        emptied = " (empty now: yolopatch's commits have all of it)" if commit.empty else ""
        yield f"  replayed  {commit.old[:12]} is now {commit.new[:12]} {commit.subject}{emptied}"
    if found.stopped:
        yield f"  stopped   at {found.stopped.commit[:12]} {found.stopped.subject}: {found.stopped.why}"
        yield from (f"            {line}" for line in found.stopped.lines)
    if found.by_hand:
        yield from pairs([("next", command(found.by_hand))])


def status(found: Status) -> Iterator[str]:
    """Yield what a workspace contains, and which parts are the user's own."""
    yield badge("clean", "green") if found.clean else badge("changed by you", "yellow")
    yield from pairs(
        [
            ("workspace", found.workspace),
            ("pin", found.pin),
            ("source", found.origin),
            ("modules", _modules(found)),
            *_others(found),
            ("commit", found.commit),
            ("branch", found.branch or "detached HEAD"),
        ]
    )
    yield from (f"  edited    {name}" for name in found.edited)
    yield from (f"  yours     {commit}" for commit in found.own_commits)
    if found.own_commits and not found.obstacles:
        yield "  `yolopatch apply` and `yolopatch remove` replay your commits on what they change"
    for obstacle in found.obstacles:
        yield f"  in the way of apply and remove: {obstacle.what}"
        yield command(f"next: {obstacle.hint}", " " * 4)
    if found.interrupted:
        yield "  an earlier run was interrupted; the next `yolopatch apply` or `yolopatch remove` finishes it"


def _others(found: WorkspaceState | Status) -> list[tuple[str, str]]:
    return [(patch.name, patch.effect) for patch in found.fix_patches]


def _modules(found: WorkspaceState | Status) -> str:
    named = (f"{module.name} ({flavor_word(module.name, module.flavor)})" for module in found.modules)
    return ", ".join(named) or "no module"
